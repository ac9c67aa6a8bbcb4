package test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"riposte.dev/app/demo"
	"riposte.dev/cli"
)

// The demo is the product's main job with every check; its crash variant runs as a process of its own in CI.
func TestDemo(t *testing.T) {
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1") // the user's environment must not matter
	t.Setenv("AWS_PROFILE", "of-the-user")
	t.Setenv("TMPDIR", t.TempDir())
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var out bytes.Buffer
	if err := demo.Run(ctx, cli.DemoOptions{Exit: true, Out: &out}); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	if !strings.Contains(out.String(), "every check held") {
		t.Errorf("the demo did not say that it succeeded:\n%s", out.String())
	}
}
