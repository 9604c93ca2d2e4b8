# Runs a private PostgreSQL cluster for the program at the other end of standard input.
# Arguments: the directory of PostgreSQL's programs, and the cluster's own directory.
# Reads a request a line and answers its exit status. When the requests end, however that program ended, the server is
# stopped and the cluster removed.
programs=$1
cluster=$2
data=$cluster/data

create() {
    set -- -D "$data" -U postgres -A trust -E UTF8 --no-sync --locale=C.UTF-8
    # Names sort by an ICU locale where the server knows one: a query that forgets to ask for bytes is noticed.
    "$programs/initdb" "$@" --locale-provider=icu --icu-locale=und && return
    rm -rf "$data"
    "$programs/initdb" "$@"
}

control() {
    "$programs/pg_ctl" -D "$data" -w -t 60 "$@"
}

start() {
    control -l "$cluster/server.log" -o "-p $1 -k $cluster -h 127.0.0.1 -c max_connections=300" start
}

while read -r request port; do
    case $request in
    create) create ;;
    start) start "$port" ;;
    stop) control -m fast stop ;;
    crash) control -m immediate stop ;;
    *) false ;;
    esac </dev/null >>"$cluster/supervisor.log" 2>&1
    echo $?
done
control -m immediate stop >/dev/null 2>&1
rm -rf "$cluster"
