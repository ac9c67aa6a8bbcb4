// Package test holds the tests of the whole: the floors that packages stand on, and the product from the outside.
package test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "riposte.dev/"

// floors lists the packages from the ground up; a package is known by its first folder. ARCHITECTURE.md explains them.
var floors = [][]string{
	{"fault", "conf", "event", "pattern", "sigma", "logfilter", "asl"},
	{"finding", "alarm", "posture", "action", "guard", "graph", "iam", "audit"},
	{"detect", "playbook", "notify", "target"},
	{"source", "bus", "store", "action/", "notify/", "target/", "audit/", "integration", "accounts", "doctor", "inventory", "lake", "evidence", "stepfunctions"},
	{"web", "cli", "sandbox", "catalogue"},
	{"app", "cmd"},
}

// content and test stand beside the floors.
var beside = map[string]bool{"content": true, "test": true}

// sameFloor lists the imports that are allowed on one floor.
var sameFloor = map[string][]string{
	"conf":    {"fault"},
	"event":   {"fault", "conf"},
	"pattern": {"fault", "conf", "event"},
	"sigma":   {"fault", "conf", "pattern"},
	"asl":     {"fault", "conf"},
	"guard":   {"action"},
	"finding": {},
	"detect":  {"target"},                      // a rule carries its targets as they are configured: docs/adr/0008
	"cli":     {"web", "sandbox", "catalogue"}, // it calls web's API, starts the sandbox, shows the actions: docs/adr/0002
}

// shared are packages that adapters of one floor may import: docs/adr/0002.
var shared = map[string]bool{"action/awscall": true, "action/setting": true, "action/resourcepolicy": true, "source/file": true, "notify/outbound": true}

func floorOf(pkg string) int {
	top, rest, nested := strings.Cut(pkg, "/")
	for n, names := range floors {
		for _, name := range names {
			if name == top+"/" && nested && rest != "" {
				return n
			}
		}
	}
	for n, names := range floors {
		for _, name := range names {
			if name == top {
				return n
			}
		}
	}
	return -1
}

func TestPackagesKeepToTheirFloors(t *testing.T) {
	root := ".."
	seen := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && strings.HasPrefix(d.Name(), ".") && path != root {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		pkg := filepath.ToSlash(rel)
		if strings.Count(pkg, "/") > 2 {
			t.Errorf("%s: more than two levels below its floor", pkg)
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if to, ours := strings.CutPrefix(imported, module); ours {
				seen[pkg] = true
				check(t, path, pkg, to)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(seen) < 10 {
		t.Errorf("only %d packages with imports were looked at: the test looks in the wrong place", len(seen))
	}
}

// check reports an import from one package to another that the floors do not allow.
func check(t *testing.T, path, from, to string) {
	t.Helper()
	fromTop, _, _ := strings.Cut(from, "/")
	toTop, _, _ := strings.Cut(to, "/")
	if beside[fromTop] || strings.HasSuffix(from, "test") || shared[to] && floorOf(from) >= floorOf(to) {
		return // a package named …test helps tests only
	}
	if toTop == "content" {
		if floorOf(from) < floorOf("web") {
			t.Errorf("%s: %s imports content; only surfaces and the wiring do", path, from)
		}
		return
	}
	here, there := floorOf(from), floorOf(to)
	switch {
	case here < 0:
		t.Errorf("%s: package %s stands on no floor; add it to floors and to ARCHITECTURE.md", path, from)
	case there < 0:
		t.Errorf("%s: package %s stands on no floor", path, to)
	case fromTop == "sandbox":
		if toTop != "fault" && toTop != "sandbox" {
			t.Errorf("%s: the sandbox imports %s; it knows nothing of riposte but fault, so that mistakes can't cancel", path, to)
		}
	case fromTop == "cmd" || fromTop == "app", there < here:
	case there > here:
		t.Errorf("%s: %s (floor %d) imports %s (floor %d), which stands higher", path, from, here, to, there)
	case fromTop == toTop && !strings.Contains(from, "/") || strings.HasPrefix(from, to+"/") || strings.HasPrefix(to, from+"/"):
	default:
		for _, allowed := range sameFloor[fromTop] {
			if allowed == toTop {
				return
			}
		}
		t.Errorf("%s: %s imports %s on the same floor; declare an interface where it is used", path, from, to)
	}
}
