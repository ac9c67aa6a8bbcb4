package app

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"riposte.dev/asl"
	"riposte.dev/cli"
	"riposte.dev/conf"
	"riposte.dev/content"
	"riposte.dev/detect"
	"riposte.dev/guard"
	"riposte.dev/playbook"
)

// inForce is what serve can take up anew while it runs: rules, playbooks, threat lists and modes. It is read-only.
type inForce struct {
	config      Config // as read with it
	fingerprint string // changes with anything in it
	rules       *detect.RuleSet
	playbooks   map[string]*asl.Machine
	lists       []detect.ThreatList
	policy      *guard.Policy
	limit       guard.Mode            // the boldest mode of any rule
	modes       map[string]guard.Mode // by rule id, instead of the rule's own
}

// loadContent reads all that the configuration names and reports every mistake in it.
func loadContent(c Config, actions playbook.Actions) (*inForce, error) {
	playbooks, playbookErr := loadPlaybooks(c, actions)
	rules, ruleErr := loadRules(c, playbooks)
	lists, listErr := loadThreatLists(c)
	if err := conf.Join(playbookErr, ruleErr, listErr); err != nil {
		return nil, err
	}
	return &inForce{config: c, fingerprint: fingerprint(c, rules, playbooks, lists),
		rules: rules, playbooks: playbooks, lists: lists, policy: &c.Guard, limit: c.Mode, modes: c.Rules.Modes}, nil
}

func fingerprint(c Config, rules *detect.RuleSet, playbooks map[string]*asl.Machine, lists []detect.ThreatList) string {
	sum := sha256.New()
	fmt.Fprintf(sum, "%s %s %v %+v\n", rules.Hash(), c.Mode, c.Rules.Modes, c.Guard)
	for _, name := range slices.Sorted(maps.Keys(playbooks)) {
		fmt.Fprintln(sum, name, playbooks[name].Hash())
	}
	for _, list := range lists {
		fmt.Fprintf(sum, "%+v\n", list)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// loadPlaybooks reads the bundled playbooks and those of the configuration, which may replace bundled ones, and reports
// every mistake in them.
func loadPlaybooks(c Config, actions playbook.Actions) (map[string]*asl.Machine, error) {
	machines := map[string]*asl.Machine{}
	var errs []error
	resources := Resources()
	load := func(root string, tree fs.FS) {
		err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			ext := path.Ext(name)
			if ext != ".yaml" && ext != ".yml" && ext != ".json" {
				return nil
			}
			src, err := fs.ReadFile(tree, name)
			if err != nil {
				return err
			}
			machine, err := asl.Parse(path.Join(root, name), src)
			if err == nil {
				err = playbook.Check(machine, actions, resources)
			}
			if err != nil {
				errs = append(errs, err)
			}
			machines[strings.TrimSuffix(path.Base(name), ext)] = machine
			return nil
		})
		if err != nil {
			errs = append(errs, fmt.Errorf("reading playbooks in %s: %w", root, err))
		}
	}
	load("bundled", content.Playbooks())
	for _, folder := range c.Rules.Playbooks {
		load(c.path(folder), os.DirFS(c.path(folder)))
	}
	return machines, conf.Join(errs...)
}

// loadRules reads the rules in force.
func loadRules(c Config, playbooks map[string]*asl.Machine) (*detect.RuleSet, error) {
	var sources []detect.Source
	var errs []error
	paths := c.Rules.Paths
	if *c.Rules.Bundled {
		sources = append(sources, detect.Source{Name: "bundled", FS: content.Rules()})
	}
	for _, p := range paths {
		source, err := cli.RuleSource(c.path(p))
		if err != nil {
			errs = append(errs, err)
			continue
		}
		sources = append(sources, source)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	var names []string
	for name := range playbooks {
		names = append(names, name)
	}
	routes := []string{defaultRoute}
	for name := range c.Notify.Routes {
		routes = append(routes, name)
	}
	rules, err := detect.Load(sources, detect.LoadOptions{Playbooks: names, Routes: routes, Connections: c.connectionNames(), Disabled: c.disabled()})
	if err != nil {
		return nil, err
	}
	var problems conf.Problems
	for _, id := range slices.Sorted(maps.Keys(c.Rules.Modes)) {
		if id != otherRules && id != playbook.StepFunctionsRule && !mayHaveMode(rules, id) {
			problems = append(problems, c.problem(conf.FieldPath("rules.modes", id), "correct the id or take it out", "there is no rule %q", id))
		}
	}
	return rules, problems.Err()
}

// mayHaveMode reports whether there is a rule of that id, or one that escalates under it.
func mayHaveMode(rules *detect.RuleSet, id string) bool {
	r := rules.Rule(guard.RuleOf(id))
	return r != nil && (r.ID == id || r.Respond != nil && r.Respond.Escalate != nil)
}

func loadThreatLists(c Config) ([]detect.ThreatList, error) {
	var lists []detect.ThreatList
	var problems conf.Problems
	for i, l := range c.ThreatLists {
		f, err := os.Open(c.path(l.Path))
		if err != nil {
			problems = append(problems, c.problem(fmt.Sprintf("threat_lists[%d].path", i), "check the path; it is relative to the configuration's folder", "the file can't be read: %s", err))
			continue
		}
		list, err := detect.ReadThreatList(c.path(l.Path), f, detect.ThreatList{Label: l.Name})
		f.Close()
		if err != nil {
			return nil, err
		}
		lists = append(lists, list)
	}
	return lists, problems.Err()
}

// CheckConfig reads a configuration with its rules, playbooks and lists and reports every mistake.
func CheckConfig(file string) error {
	c, configErr := readConfig(file)
	if c.Rules.Bundled == nil {
		return configErr // there is nothing that could be checked
	}
	actions, err := Actions()
	if err != nil {
		return err
	}
	_, contentErr := loadContent(c, actions)
	return conf.Join(configErr, contentErr)
}
