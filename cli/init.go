package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"riposte.dev/content"
	"riposte.dev/detect"
	"riposte.dev/fault"
)

func newInitCommand(d Deps) *cobra.Command {
	return &cobra.Command{
		Use:   "init DIR",
		Short: "Make a starter project: configuration, rules, a playbook, tests",
		Long: `Writes a small project that validates and whose tests pass, to be changed: a configuration in dry run that lists the responses
there are, routes, three rules with tests, a playbook, and JSON Schemas with which editors complete and check. Files that are there
are never overwritten.`,
		Example: `  riposte init riposte
  cd riposte && riposte validate && riposte test rules`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			files, err := starterFiles(d.Schemas)
			if err != nil {
				return err
			}
			if err := writeNew(args[0], files); err != nil {
				return err
			}
			for _, f := range files {
				fmt.Fprintln(cmd.OutOrStdout(), filepath.Join(args[0], f.name))
			}
			next := "riposte validate && riposte test rules"
			if filepath.Clean(args[0]) != "." {
				next = "cd " + args[0] + " && " + next
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "made %d files; next: %s\n", len(files), next)
			return nil
		},
	}
}

type newFile struct {
	name string
	data []byte
}

// starterFiles are the files of the project, sorted by name.
func starterFiles(schemas map[string]func() ([]byte, error)) ([]newFile, error) {
	var files []newFile
	tree := content.Starter()
	err := fs.WalkDir(tree, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := fs.ReadFile(tree, name)
		if err == nil && name == "riposte.yaml" {
			data, err = withResponses(data)
		}
		if name == "gitignore" { // a file with a dot would not be embedded
			name = ".gitignore"
		}
		files = append(files, newFile{name, data})
		return err
	})
	if err != nil {
		return nil, err
	}
	for name, schema := range schemas {
		data, err := schema()
		if err != nil {
			return nil, err
		}
		files = append(files, newFile{"schema/" + name + ".schema.json", data})
	}
	slices.SortFunc(files, func(a, b newFile) int { return strings.Compare(a.name, b.name) })
	return files, nil
}

// responsesMark stands in the starter's configuration where the bundled responses are listed.
const responsesMark = "    # RESPONSES\n"

// withResponses lists the bundled rules that start a response, each as a line that gives it the mode approve once it is no comment
// any more. Rules that the configuration disables are left out.
func withResponses(config []byte) ([]byte, error) {
	set, err := detect.Load([]detect.Source{{Name: "rules", FS: content.Rules()}}, detect.LoadOptions{Playbooks: content.PlaybookNames()})
	if err != nil {
		return nil, err
	}
	var lines strings.Builder
	for _, r := range set.Rules() {
		if r.Respond != nil && !bytes.Contains(config, []byte("disable: ["+r.ID+"]")) {
			fmt.Fprintf(&lines, "    # %-46s # %s: %s\n", r.ID+": approve", r.Respond.Playbook, r.Title)
		}
	}
	return bytes.Replace(config, []byte(responsesMark), []byte(lines.String()), 1), nil
}

// writeNew writes files into a folder, all or, where one of them is there, none.
func writeNew(folder string, files []newFile) error {
	var there []string
	for _, f := range files {
		if _, err := os.Lstat(filepath.Join(folder, f.name)); err == nil {
			there = append(there, f.name)
		}
	}
	if len(there) > 0 {
		return fault.New(fault.Conflict, "%s holds %s already; nothing was written", folder, strings.Join(there, ", ")).
			WithHint("name another folder")
	}
	for _, f := range files {
		path := filepath.Join(folder, f.name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("making the project: %w", err)
		}
		if err := writeOnce(path, f.data); err != nil {
			return fmt.Errorf("making the project: %w", err)
		}
	}
	return nil
}

// writeOnce writes a file that must not be there.
func writeOnce(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}

func newSchemaCommand(d Deps) *cobra.Command {
	var names []string
	for name := range d.Schemas {
		names = append(names, name)
	}
	slices.Sort(names)
	return &cobra.Command{
		Use:   "schema " + strings.Join(names, "|"),
		Short: "Print the JSON Schema of a file, for editors",
		Long:  "Prints the JSON Schema of the configuration (riposte) or of a rule. Editors complete and check with it.",
		Example: `  riposte schema rule >schema/rule.schema.json
  # and in the first line of a rule:
  # yaml-language-server: $schema=../schema/rule.schema.json`,
		Args:      cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
		ValidArgs: names,
		RunE: func(cmd *cobra.Command, args []string) error {
			raw, err := d.Schemas[args[0]]()
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(raw)
			return err
		},
	}
}
