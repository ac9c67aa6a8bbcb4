// Command gen writes docs/reference/actions.md to standard output.
package main

import (
	"fmt"
	"os"

	"riposte.dev/catalogue"
)

func main() {
	set, err := catalogue.New(nil, catalogue.Options{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Print(catalogue.Reference(set.Specs()))
}
