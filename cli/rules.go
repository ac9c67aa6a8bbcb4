package cli

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"riposte.dev/content"
	"riposte.dev/detect"
	"riposte.dev/fault"
)

// ruleFlags choose rules: the bundled ones, or what --rules names.
type ruleFlags struct{ paths []string }

func (f *ruleFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.paths, "rules", nil, "file or folder of rules instead of the bundled ones (repeatable; \"bundled\" names those)")
}

// load reads the rules, and reports every mistake in them.
func (f *ruleFlags) load(opts detect.LoadOptions) (*detect.RuleSet, error) {
	paths := f.paths
	if len(paths) == 0 {
		paths = []string{"bundled"}
	}
	var sources []detect.Source
	for _, path := range paths {
		source, err := RuleSource(path)
		if err != nil {
			return nil, err
		}
		sources = append(sources, source)
	}
	return detect.Load(sources, opts)
}

// RuleSource opens a file or folder of rules; "bundled" names those that riposte carries.
func RuleSource(path string) (detect.Source, error) {
	if path == "bundled" {
		return detect.Source{Name: "bundled", FS: content.Rules()}, nil
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return detect.Source{}, fault.New(fault.NotFound, "there is no file or folder of rules %s", path).WithHint("check the path")
	}
	if err != nil {
		return detect.Source{}, err
	}
	if info.IsDir() {
		return detect.Source{Name: path, FS: os.DirFS(path)}, nil
	}
	folder, err := fs.Sub(os.DirFS(filepath.Dir(path)), ".")
	if err != nil {
		return detect.Source{}, err
	}
	return detect.Source{Name: filepath.Dir(path), FS: oneFile{folder, filepath.Base(path)}}, nil
}

// oneFile is a folder in which only one file is seen.
type oneFile struct {
	fs.FS
	name string
}

// ReadDir lists the one file.
func (o oneFile) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(o.FS, name)
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		if entry.Name() == o.name {
			return []fs.DirEntry{entry}, nil
		}
	}
	return nil, nil
}
