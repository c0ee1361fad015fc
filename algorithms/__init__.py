"""The Processing algorithms: parameters in, one call of the engine, sinks out."""
