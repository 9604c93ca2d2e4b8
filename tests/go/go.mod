module sijill.test/check

go 1.22

require golang.org/x/mod v0.0.0

// run.sh copies the package out of the Go toolchain's own sources to ./xmod, in a temporary directory.
replace golang.org/x/mod => ./xmod
