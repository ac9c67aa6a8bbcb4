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
	actions, err := app.Actions()
	if err != nil {
		fmt.Fprintln(os.Stderr, "riposte:", err)
		os.Exit(1)
	}
	os.Exit(cli.Execute(context.Background(), cli.Deps{
		Version:     version,
		Serve:       func(ctx context.Context, o cli.ServeOptions) error { return app.Serve(ctx, o, version) },
		Demo:        demo.Run,
		CheckConfig: app.CheckConfig,
		Actions:     actions,
	}, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
