// Package cli is riposte's command line. Start at [New]: it lists the commands, a file each.
//
// Results go to standard output, everything else to standard error. Exit codes: 0 ok, 1 failed, 2 wrong usage. Commands
// that look at a running riposte talk to its HTTP API (client.go); what needs the wiring of the whole product (serve,
// demo) is handed in as [Deps].
package cli
