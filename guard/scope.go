package guard

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"riposte.dev/action"
)

// Scope describes changes: everything that it names must hold; what it does not name may be anything.
type Scope struct {
	Accounts   []string          `yaml:"accounts" json:"accounts,omitempty" doc:"Account ids; * for every account."`
	Units      []string          `yaml:"units" json:"units,omitempty" doc:"Organizational units (ou-…) or roots (r-…) above the account."`
	Regions    []string          `yaml:"regions" json:"regions,omitempty" doc:"Regions; * and ? are wildcards."`
	Resources  []string          `yaml:"resources" json:"resources,omitempty" doc:"ARNs of what is changed; * and ? are wildcards."`
	Tags       map[string]string `yaml:"tags" json:"tags,omitempty" doc:"Tags of what is changed; * and ? are wildcards in values."`
	Principals []string          `yaml:"principals" json:"principals,omitempty" doc:"ARNs of who caused the event; * and ? are wildcards."`
	Actions    []string          `yaml:"actions" json:"actions,omitempty" doc:"Actions, such as ec2.*"`
	Rules      []string          `yaml:"rules" json:"rules,omitempty" doc:"Ids of rules."`
}

// Units knows where an account is in its organisation. Above returns the ids of the organizational units and the root above it.
type Units interface {
	Above(ctx context.Context, account string) ([]string, error)
}

// answer is what a scope says about a change: yes, no, or that it can't be told and why.
type answer struct {
	yes     bool
	unknown string
}

// covers says whether the change of an item lies in the scope. A no wins over what is not known.
func (s Scope) covers(ctx context.Context, d *draft, item *action.Item, units Units) answer {
	r := item.Resource
	for _, dimension := range []struct {
		patterns []string
		value    string
	}{{s.Accounts, r.Account}, {s.Regions, r.Region}, {s.Resources, r.ARN}, {s.Actions, d.Spec.Name}, {s.Principals, d.Principal}} {
		if len(dimension.patterns) > 0 && !anyGlob(dimension.patterns, dimension.value) && !anyMayMean(dimension.patterns, dimension.value, r) {
			return answer{}
		}
	}
	if len(s.Rules) > 0 && !anyGlob(s.Rules, d.Rule) && !anyGlob(s.Rules, RuleOf(d.Rule)) {
		return answer{}
	}
	if r.Unknown && len(s.Resources) > 0 {
		return answer{unknown: "what the call changes can't be told from what it is given"}
	}
	for _, key := range slices.Sorted(maps.Keys(s.Tags)) {
		if r.Tags == nil {
			return answer{unknown: fmt.Sprintf("the tags of %s are not known", name(r))}
		}
		if value, tagged := r.Tags[key]; !tagged || !glob(s.Tags[key], value) {
			return answer{}
		}
	}
	if len(s.Units) == 0 {
		return answer{yes: true}
	}
	if units == nil {
		return answer{unknown: "riposte knows no organisation, so not where account " + r.Account + " is in it"}
	}
	above, err := units.Above(ctx, r.Account)
	if err != nil {
		return answer{unknown: fmt.Sprintf("it is not known where account %s is in the organisation: %v", r.Account, err)}
	}
	return answer{yes: slices.ContainsFunc(s.Units, func(unit string) bool { return slices.Contains(above, unit) })}
}

// anyMayMean is for the dimension of ARNs: whether one of the patterns may cover a resource of which is not known which it is.
func anyMayMean(patterns []string, value string, r action.Resource) bool {
	return value == r.ARN && slices.ContainsFunc(patterns, func(p string) bool { return mayMean(p, r) })
}

func anyGlob(patterns []string, value string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return glob(p, value) })
}

// String says in words what the scope names.
func (s Scope) String() string {
	var parts []string
	for _, dimension := range []struct {
		name   string
		values []string
	}{{"accounts", s.Accounts}, {"units", s.Units}, {"regions", s.Regions}, {"resources", s.Resources}, {"principals", s.Principals}, {"actions", s.Actions}, {"rules", s.Rules}} {
		if len(dimension.values) > 0 {
			parts = append(parts, dimension.name+" "+strings.Join(dimension.values, ", "))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(s.Tags)) {
		parts = append(parts, "tag "+key+"="+s.Tags[key])
	}
	if len(parts) == 0 {
		return "everything"
	}
	return strings.Join(parts, "; ")
}

// applyProtection leaves to people what is never changed, not even by an undo.
func (g *Guard) applyProtection(_ context.Context, d *draft) error {
	return d.each(func(item *action.Item) (ruling, error) {
		if p := d.policy.protects(item.Resource); p != "" {
			return leave("It is protected (%s).", p), nil
		}
		return letPass("No pattern in guard.protected covers it (patterns: %d).", len(d.policy.Protected)), nil
	})
}

// applyScope leaves to people what lies outside of what riposte may change: not allowed, or denied. Where it can't be told, it
// may not. What people take back is theirs to decide.
func (g *Guard) applyScope(ctx context.Context, d *draft) error {
	if d.Undo {
		d.skip("What is taken back need not lie in a scope.")
		return nil
	}
	if len(d.policy.Allow) == 0 && !d.mode.Bolder(DryRun) {
		const nowhere = "guard.allow names nothing yet, so nothing of this could be done in mode auto."
		d.skip(nowhere)
		d.reasons = append(d.reasons, nowhere)
		return nil
	}
	return d.each(func(item *action.Item) (ruling, error) {
		for i, s := range d.policy.Deny {
			switch covered := s.covers(ctx, d, item, g.units); {
			case covered.unknown != "":
				return leave("It may be denied by guard.deny[%d] (%s), and %s.", i, s, covered.unknown), nil
			case covered.yes:
				return leave("It is denied by guard.deny[%d] (%s).", i, s), nil
			}
		}
		unknown := ""
		for i, s := range d.policy.Allow {
			if (d.Spec.Foreign || d.Spec.Outside) && !s.names(d.Spec.Name) {
				continue
			}
			covered := s.covers(ctx, d, item, g.units)
			if covered.yes {
				return letPass("It is allowed by guard.allow[%d] (%s).", i, s), nil
			}
			unknown = or(unknown, covered.unknown)
		}
		if unknown != "" {
			return leave("It is not known whether the guard allows it: %s.", unknown), nil
		}
		if d.Spec.Outside {
			return leave("No entry of guard.allow names it, which what reaches other systems or runs code needs: write {actions: [%s]} there.", d.Spec.Name), nil
		}
		if d.Spec.Foreign {
			return leave("No entry of guard.allow names it, which a call that a playbook makes by itself needs: write {actions: [%s]} there.", d.Spec.Name), nil
		}
		return leave("The guard allows it nowhere in its scope (guard.allow)."), nil
	})
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
