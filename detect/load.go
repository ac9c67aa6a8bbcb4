package detect

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"riposte.dev/conf"
	"riposte.dev/fault"
	"riposte.dev/pattern"
)

// Source is a tree of rule files: the embedded rules, or a folder.
type Source struct {
	Name string // put before the files' paths in messages, such as the folder; may be ""
	FS   fs.FS
}

// LoadOptions says what a rule may refer to. A nil list is not checked.
type LoadOptions struct {
	Playbooks []string // names of the playbooks that exist
	Routes    []string // names of the notification routes that exist
	// Connections are the names of the connections that exist, for targets with a URL.
	Connections []string
	Disabled    []string // ids of rules that are left out; each must exist
}

// Load reads every rule of the sources: files named .yaml, .yml or .json, one rule a document (several in a file are
// separated by ---). Files and folders whose name begins with a dot or underscore are left alone.
//
// What is wrong comes all at once, from every file, as conf.Problems: not valid YAML, an unknown field, two rules of one
// id, an unknown severity, mode, playbook or route, a pattern or a condition that does not compile, a path that is none.
// Then there is no rule set at all. What is legal but cannot do what it seems to is in RuleSet.Warnings.
func Load(sources []Source, opts LoadOptions) (*RuleSet, error) {
	l := &loader{opts: opts, byID: map[string]*Rule{}, patterns: map[*Rule][]*pattern.Pattern{}}
	var err error
	if l.conditions, err = newConditions(); err != nil {
		return nil, err
	}
	for _, source := range sources {
		if err := l.source(source); err != nil {
			return nil, err
		}
	}
	l.disable()
	if err := l.problems.Err(); err != nil {
		return nil, err
	}
	return l.set(), nil
}

type loader struct {
	opts       LoadOptions
	conditions *conditions
	rules      []*Rule
	patterns   map[*Rule][]*pattern.Pattern
	byID       map[string]*Rule
	problems   conf.Problems
	warnings   conf.Problems
}

func (l *loader) source(source Source) error {
	files := 0
	err := fs.WalkDir(source.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return fault.New(fault.NotFound, "reading rules in %s: %w", cmp.Or(source.Name, "."), err).
				WithHint("check that the folder exists and can be read")
		}
		if base := path.Base(name); name != "." && (base[0] == '.' || base[0] == '_') {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.IsDir() || !slices.Contains([]string{".yaml", ".yml", ".json"}, path.Ext(name)) {
			return nil
		}
		raw, err := fs.ReadFile(source.FS, name)
		if err != nil {
			return fault.New(fault.NotFound, "reading rules: %w", err)
		}
		files++
		l.file(path.Join(source.Name, name), raw)
		return nil
	})
	if err == nil && files == 0 {
		l.problems = append(l.problems, conf.Problem{Position: conf.Position{File: cmp.Or(source.Name, ".")},
			Message: "there are no rules here", Hint: "rules are in files named .yaml, .yml or .json"})
	}
	return err
}

func (l *loader) file(name string, raw []byte) {
	docs, err := conf.ParseAll(name, raw)
	if err != nil {
		l.join(err)
		return
	}
	for _, doc := range docs {
		var f ruleFile
		err := doc.Decode(&f)
		l.rule(doc, &f, l.join(err))
	}
}

// join adds an error's problems and returns where they are.
func (l *loader) join(err error) map[conf.Position]bool {
	places := map[conf.Position]bool{}
	var problems conf.Problems
	if errors.As(err, &problems) {
		for _, p := range problems {
			places[p.Position] = true
		}
	} else if err != nil {
		problems = conf.Problems{{Message: fault.Message(err), Hint: fault.Hint(err)}}
	}
	l.problems = append(l.problems, problems...)
	return places
}

// rule checks and compiles one decoded rule. What could not be decoded has been reported; a further problem of the same
// place is its consequence, the others are worth knowing at once.
func (l *loader) rule(doc *conf.Document, f *ruleFile, reported map[conf.Position]bool) {
	c := &checker{doc: doc, opts: l.opts, conditions: l.conditions}
	r := c.rule(f)
	if first, dup := l.byID[r.ID]; dup && r.ID != "" {
		c.fail("id", "rename one of them, or leave a bundled rule out with disabled", "there are two rules %q; the first is at %s", r.ID, first.Position)
	}
	for _, p := range c.problems {
		if !reported[p.Position] {
			l.problems = append(l.problems, p)
		}
	}
	l.warnings = append(l.warnings, c.warnings...)
	sum := sha256.Sum256(doc.Root.JSON())
	r.Hash = hex.EncodeToString(sum[:])
	l.byID[r.ID] = r
	l.rules = append(l.rules, r)
	l.patterns[r] = c.patterns
}

// disable leaves out the rules that the options name.
func (l *loader) disable() {
	for _, id := range l.opts.Disabled {
		if l.byID[id] == nil {
			l.problems = append(l.problems, conf.Problem{Message: fmt.Sprintf("there is no rule %q to leave out", id),
				Hint: conf.Suggest(id, l.ids())})
		}
	}
	l.rules = slices.DeleteFunc(l.rules, func(r *Rule) bool { return slices.Contains(l.opts.Disabled, r.ID) })
}

func (l *loader) ids() []string {
	ids := make([]string, len(l.rules))
	for i, r := range l.rules {
		ids[i] = r.ID
	}
	return ids
}

// set builds the rule set once everything is known to be right.
func (l *loader) set() *RuleSet {
	slices.SortFunc(l.rules, func(a, b *Rule) int { return strings.Compare(a.ID, b.ID) })
	sum := sha256.New()
	set := &RuleSet{rules: l.rules, byID: map[string]*Rule{}, matcher: pattern.New(), warnings: l.warnings}
	for _, r := range l.rules {
		set.byID[r.ID] = r
		if r.Respond != nil && r.Respond.Escalate != nil {
			set.flapping = max(set.flapping, r.Respond.Escalate.Within)
		}
		fmt.Fprintf(sum, "%s %s\n", r.ID, r.Hash)
		for _, p := range l.patterns[r] {
			set.matcher.Add(r.ID, p)
		}
	}
	set.hash = hex.EncodeToString(sum.Sum(nil))
	return set
}
