// Command riposte is security response automation for AWS. See package app for how it is put together and package cli for
// its commands.
package main

import (
	"context"
	"fmt"
	"os"

	"riposte.dev/app"
	"riposte.dev/app/demo"
	"riposte.dev/cli"
)

// version is set by the linker.
var version = "dev"

func main() {
	deps, err := app.Commands(version)
	if err != nil {
		fmt.Fprintln(os.Stderr, "riposte:", err)
		os.Exit(1)
	}
	deps.Demo = demo.Run
	os.Exit(cli.Execute(context.Background(), deps, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
