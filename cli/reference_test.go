package cli

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const referenceFile = "../docs/reference/cli.md"

// referenceDeps names what the app hands in and usage lines show.
var referenceDeps = Deps{Schemas: map[string]func() ([]byte, error){"riposte": nil, "rule": nil}}

func TestEveryCommandExplainsItself(t *testing.T) {
	walk(New(referenceDeps), func(cmd *cobra.Command) {
		if cmd.Short == "" || strings.HasSuffix(cmd.Short, ".") {
			t.Errorf("%s: short help %q", cmd.CommandPath(), cmd.Short)
		}
		if !cmd.HasSubCommands() && cmd.Example == "" {
			t.Errorf("%s has no example", cmd.CommandPath())
		}
		for _, line := range strings.Split(cmd.Example, "\n") {
			if line != "" && !strings.HasPrefix(line, "  ") {
				t.Errorf("%s: line of an example without two spaces: %q", cmd.CommandPath(), line)
			}
		}
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.Usage == "" || strings.HasSuffix(f.Usage, ".") {
				t.Errorf("%s --%s: help %q", cmd.CommandPath(), f.Name, f.Usage)
			}
		})
	})
}

func TestTheReferenceIsThatOfTheCommands(t *testing.T) {
	var want bytes.Buffer
	if err := writeReference(&want, New(referenceDeps)); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(referenceFile)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(got, want.Bytes()) {
		return
	}
	lines, wanted := strings.Split(string(got), "\n"), strings.Split(want.String(), "\n")
	for i, line := range wanted {
		if i >= len(lines) || lines[i] != line {
			t.Fatalf("%s:%d does not say what the commands say: %q; run go generate ./cli", referenceFile, i+1, line)
		}
	}
	t.Fatalf("%s says more than the commands; run go generate ./cli", referenceFile)
}

func TestTheReferenceShowsEveryCommandAndFlag(t *testing.T) {
	root := &cobra.Command{Use: "riposte"}
	root.AddGroup(&cobra.Group{ID: "g", Title: "Group:"})
	sub := &cobra.Command{Use: "sub ID", Short: "Do it", GroupID: "g", Long: "Reads lines:\n  {a|b}\nin order.", Example: "  riposte sub 1", Aliases: []string{"s"},
		RunE: func(*cobra.Command, []string) error { return nil }}
	sub.Flags().StringSliceP("kind", "k", []string{"a"}, "one of a|b")
	sub.Flags().Bool("old", false, "no longer of use")
	if err := sub.Flags().MarkHidden("old"); err != nil {
		t.Fatal(err)
	}
	secret := &cobra.Command{Use: "secret", Hidden: true, RunE: sub.RunE}
	root.AddCommand(sub, secret)
	var out bytes.Buffer
	if err := writeReference(&out, root); err != nil {
		t.Fatal(err)
	}
	want := "## Group\n\n### `sub`\n\nDo it.\n\nReads lines:\n```\n  {a|b}\n```\nin order.\n\n```\nriposte sub ID\n```\n\nAlso called: `s`.\n\n" +
		"| flag | meaning |\n| --- | --- |\n| `-k`, `--kind string` | one of a\\|b (default `a`) |\n\n```sh\nriposte sub 1\n```\n\n## More\n\n"
	if !strings.Contains(out.String(), want) || strings.Contains(out.String(), "secret") {
		t.Errorf("reference:\n%s\nwant in it:\n%s", out.String(), want)
	}
}
