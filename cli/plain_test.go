package cli

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"riposte.dev/fault"
	"riposte.dev/web"
)

// What an attacker names a trail must not clear the screen, retitle the window, or turn the text around.
func TestTablesCarryNoTerminalCommands(t *testing.T) {
	const name, want = "a\x1b[2J\x07\u009b31m\u202ednE\u200b é\t🔴", "a\uFFFD[2J\uFFFD\uFFFD31m\uFFFDdnE\uFFFD é\t🔴"
	var out bytes.Buffer
	cmd := &cobra.Command{}
	cmd.SetOut(&out)
	cmd.Flags().String("output", "table", "")
	if err := printValue(cmd, nil, func(w io.Writer) error { _, err := fmt.Fprintln(w, name); return err }); err != nil || out.String() != want+"\n" {
		t.Errorf("printed %q, %v", out.String(), err)
	}
	out.Reset()
	printError(&out, fault.New(fault.NotFound, "no trail %s", name).WithHint("look for %s", name))
	if out.String() != "riposte: no trail "+want+"\n  next: look for "+want+"\n" {
		t.Errorf("printed %q", out.String())
	}
	out.Reset()
	if got := lineText(web.Line{Text: name + "\nforged line"}, false); strings.ContainsAny(got, "\n\x1b\u202e") {
		t.Errorf("watch prints %q", got)
	}
	table := newTable(plain{&out}, "NAME")
	table.AppendRow([]any{name})
	table.Render()
	if !bytes.Contains(out.Bytes(), []byte("a\uFFFD[2J")) || bytes.ContainsRune(out.Bytes(), '\x1b') {
		t.Errorf("printed %q", out.String())
	}
}

// Programs get what is there.
func TestJSONIsExact(t *testing.T) {
	var out bytes.Buffer
	cmd := &cobra.Command{}
	cmd.SetOut(&out)
	cmd.Flags().String("output", "ndjson", "")
	if err := printValue(cmd, "a\x1b\u202e", nil); err != nil || out.String() != "\"a\\u001b\u202e\"\n" {
		t.Errorf("printed %q, %v", out.String(), err)
	}
}
