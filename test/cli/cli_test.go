// Package cli_test runs the riposte command as a person or a script does. testdata holds the scripts: each is a story with
// its own folder, its own state and, where it needs one, its own AWS look-alike. commands_test.go holds the words that the
// scripts use beside those of testscript.
package cli_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"riposte.dev/app"
	"riposte.dev/app/demo"
	"riposte.dev/cli"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"riposte": riposte, "fetch": fetch})
}

// fetch prints what is at a URL: the answer's status, then its body.
func fetch() {
	resp, err := http.Get(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(resp.Status)
	if _, err := io.Copy(os.Stdout, resp.Body); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// debianAWS is the aws CLI that scripts use: other versions may speak other protocols.
const debianAWS = "/usr/bin/aws"

// riposte is cmd/riposte's main with another version.
func riposte() {
	deps, err := app.Commands("v0.0.0-test")
	if err != nil {
		fmt.Fprintln(os.Stderr, "riposte:", err)
		os.Exit(1)
	}
	deps.Demo = demo.Run
	os.Exit(cli.Execute(context.Background(), deps, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

func TestScripts(t *testing.T) {
	if _, err := os.Stat(debianAWS); err != nil {
		t.Fatalf("the aws CLI is missing; run make deps: %v", err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":      exits,
			"eventually": eventually,
			"expand":     expand,
			"gzip":       pack,
			"cloud":      serveCloud,
			"ready":      ready,
			"terminate":  terminate,
			"hangup":     hangup,
			"crash":      crash,
			"occupy":     occupy,
		},
		Setup: func(e *testscript.Env) error {
			now := time.Now().UTC()
			e.Values[cloudKey{}] = &struct{ *cloud }{}
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("RIPOSTE_DATA", filepath.Join(e.WorkDir, "data"))
			e.Setenv("AWS_EC2_METADATA_DISABLED", "true")
			e.Setenv("AWS_CONFIG_FILE", filepath.Join(e.WorkDir, "no-aws-config"))
			e.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(e.WorkDir, "no-aws-credentials"))
			e.Setenv("GORACE", "atexit_sleep_ms=0") // the race detector waits a second otherwise, whenever a command ends
			e.Setenv("AWS", debianAWS)
			e.Setenv("AWS_PAGER", "")
			e.Setenv("NOW", now.Format(time.RFC3339))
			return nil
		},
	})
}
