# Where Debian packages come from, as apt on this machine has it configured. Sourced by tools/setup and tools/next.

# The URI of the mirror that apt uses for release $1; empty when its lists are not there yet.
debian_mirror() {
    apt-get indextargets --format '$(REPO_URI)|$(LABEL)|$(CODENAME)' 'Created-By: Packages' |
        awk -F'|' -v codename="$1" '$2 == "Debian" && $3 == codename { print $1; exit }'
}

# The codename of the Debian that runs here; empty on another system.
debian_release() { (. /etc/os-release 2>/dev/null && [ "${ID:-}" = debian ] && printf '%s' "${VERSION_CODENAME:-}") || true; }
