// Package content carries what riposte ships with: the bundled rules, the playbooks that they start and the lists that
// they use, embedded in the binary.
//
// rules/ holds one rule a YAML document, files by family; rules/cis is the monitoring section of the CIS AWS Foundations
// Benchmark by its published conditions. The format is docs/reference/rules.md. playbooks/ holds Amazon States Language,
// a file each, named as rules name them. lists/ holds threat lists. starter/ is the
// project that `riposte init` writes. The tests of this package keep every rule to the
// house rules: a story, a positive and a negative test that pass, a pattern that EventBridge takes, a playbook that exists.
package content

import (
	"embed"
	"io/fs"
	"path"
	"slices"
	"strings"
)

//go:embed rules playbooks lists starter
var files embed.FS

// Rules returns the bundled rules, for detect.Load.
func Rules() fs.FS { return folder("rules") }

// Playbooks returns the bundled playbooks: NAME.yaml holds the playbook NAME.
func Playbooks() fs.FS { return folder("playbooks") }

// Lists returns the bundled threat lists.
func Lists() fs.FS { return folder("lists") }

// Starter returns the project that `riposte init` writes.
func Starter() fs.FS { return folder("starter") }

// PlaybookNames returns the names of the bundled playbooks, sorted.
func PlaybookNames() []string {
	entries, err := files.ReadDir("playbooks")
	if err != nil {
		panic("content: " + err.Error()) // the folder is embedded above
	}
	var names []string
	for _, entry := range entries {
		names = append(names, strings.TrimSuffix(entry.Name(), path.Ext(entry.Name())))
	}
	slices.Sort(names)
	return names
}

func folder(name string) fs.FS {
	sub, err := fs.Sub(files, name)
	if err != nil {
		panic("content: " + err.Error()) // the folder is embedded above
	}
	return sub
}
