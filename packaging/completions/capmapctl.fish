# fish completion of capmapctl, which tells itself what may come next.
function __capmapctl_complete
    set -l words (commandline -opc)
    capmapctl __complete $words[2..-1] (commandline -ct) 2>/dev/null
end
complete -c capmapctl -f -a '(__capmapctl_complete)'
complete -c capmapctl -n 'test -z "$(__capmapctl_complete)"' -F
