package guard

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"riposte.dev/action"
	"riposte.dev/conf"
)

// Policy says what riposte may change, where, how much and when. It is read-only once it is in force.
type Policy struct {
	Allow       []Scope  `yaml:"allow" doc:"Where riposte may change anything; without it, nowhere."`
	Deny        []Scope  `yaml:"deny" doc:"What of that it may not."`
	Protected   []string `yaml:"protected" doc:"ARNs that are never changed, not even by an undo; * and ? are wildcards."`
	BreakGlass  []string `yaml:"break_glass" doc:"ARNs of principals whose deeds start no response; people are told."`
	Windows     []Window `yaml:"windows" doc:"Times in which less is allowed."`
	BlastRadius int      `yaml:"blast_radius" doc:"Most resources that one plan may change; 10 by default."`
	Budgets     []Budget `yaml:"budgets" doc:"Most changes in a time; by default 20 an hour for each action and account."`
	Breaker     Breaker  `yaml:"breaker" doc:"When an action that fails, or is asked for too often, rests."`
	Undo        Mode     `yaml:"undo" doc:"The mode of undos that people ask for: auto (default), or approve, where somebody else has to agree."`
	Without     []Limit  `yaml:"without" doc:"Limits that are switched off."`
}

// Limit names a limit that can be switched off.
type Limit string

// The limits.
const (
	LimitBlastRadius Limit = "blast-radius"
	LimitBudgets     Limit = "budgets"
	LimitBreaker     Limit = "breaker"
)

// ConfSchema lists the limits.
func (Limit) ConfSchema() conf.Schema {
	return conf.OneOf(string(LimitBlastRadius), string(LimitBudgets), string(LimitBreaker))
}

// Budget bounds how many resources are changed within a time.
type Budget struct {
	Actions []string      `yaml:"actions" json:"actions,omitempty" doc:"Actions that it counts, such as ec2.*; every one by default."`
	Per     Per           `yaml:"per" json:"per,omitempty" doc:"What has a budget of its own: action-and-account (the default), account, action, resource or everything."`
	Changes int           `yaml:"changes" json:"changes" conf:"required" doc:"How many resources may be changed."`
	Within  time.Duration `yaml:"within" json:"within" conf:"required" doc:"In how long."`
}

// Per says what has a budget of its own.
type Per string

// What can have a budget of its own.
const (
	PerActionAndAccount Per = "action-and-account"
	PerAction           Per = "action"
	PerAccount          Per = "account"
	PerResource         Per = "resource"
	PerEverything       Per = "everything"
)

// ConfSchema lists them.
func (Per) ConfSchema() conf.Schema {
	return conf.OneOf(string(PerActionAndAccount), string(PerAction), string(PerAccount), string(PerResource), string(PerEverything))
}

// Defaults of a policy.
const DefaultBlastRadius = 10

func defaultBudgets() []Budget { return []Budget{{Changes: 20, Within: time.Hour}} }

// bounds keep what a budget remembers small.
const (
	maxBudget       = 10_000
	maxBudgetWithin = Remembered
)

// Remembered is how long changes count.
const Remembered = 24 * time.Hour

// withDefaults fills in what the policy leaves out.
func (p *Policy) withDefaults() *Policy {
	var out Policy
	if p != nil {
		out = *p
	}
	if out.BlastRadius == 0 {
		out.BlastRadius = DefaultBlastRadius
	}
	if len(out.Budgets) == 0 {
		out.Budgets = defaultBudgets()
	}
	out.Breaker = out.Breaker.withDefaults()
	return &out
}

func (p *Policy) has(l Limit) bool { return !slices.Contains(p.Without, l) }

// protects returns the pattern that protects a resource; "" where none does.
func (p *Policy) protects(r action.Resource) string {
	for _, pattern := range p.Protected {
		if r.ARN == "" || glob(pattern, r.ARN) || mayMean(pattern, r) {
			return pattern
		}
	}
	return ""
}

// Fail takes a mistake: the path of the field within the policy, and what is wrong with it.
type Fail func(path, format string, args ...any)

// Check reports every mistake in the policy.
func (p *Policy) Check(fail Fail) {
	for _, list := range []struct {
		name   string
		scopes []Scope
	}{{"allow", p.Allow}, {"deny", p.Deny}} {
		for i, s := range list.scopes {
			path := fmt.Sprintf("%s[%d]", list.name, i)
			s.check(path, fail)
			if s.String() == "everything" {
				fail(path, "it names nothing; for everything write {accounts: [\"*\"]}")
			}
		}
	}
	for i, arn := range p.Protected {
		if !isARNPattern(arn) {
			fail(fmt.Sprintf("protected[%d]", i), "%q never matches an ARN: write the whole ARN, or begin with *", arn)
		}
	}
	for i, arn := range p.BreakGlass {
		if !isARNPattern(arn) || strings.Trim(arn, "*?") == "" {
			fail(fmt.Sprintf("break_glass[%d]", i), "%q names nobody: write the ARN of a user or role", arn)
		}
	}
	for i, b := range p.Budgets {
		if b.Changes < 0 || b.Changes > maxBudget {
			fail(fmt.Sprintf("budgets[%d].changes", i), "%d is not 0 to %d", b.Changes, maxBudget)
		}
		if b.Within <= 0 || b.Within > maxBudgetWithin {
			fail(fmt.Sprintf("budgets[%d].within", i), "%s is not a time up to %s", b.Within, maxBudgetWithin)
		}
	}
	if p.BlastRadius < 0 {
		fail("blast_radius", "%d is below 0", p.BlastRadius)
	}
	if p.Undo != "" && p.Undo != Auto && p.Undo != Approve {
		fail("undo", "an undo has no mode %q; write auto or approve", p.Undo)
	}
	p.Breaker.check(fail)
	for i, w := range p.Windows {
		w.check(fmt.Sprintf("windows[%d]", i), fail)
	}
}

func isARNPattern(arn string) bool {
	return strings.HasPrefix(arn, "arn:") || strings.HasPrefix(arn, "*")
}

func (s Scope) check(path string, fail Fail) {
	for i, account := range s.Accounts {
		if account != "*" && !isAccount(account) {
			fail(fmt.Sprintf("%s.accounts[%d]", path, i), "account %q is not 12 digits or *", account)
		}
	}
	for i, unit := range s.Units {
		if !strings.HasPrefix(unit, "ou-") && !strings.HasPrefix(unit, "r-") {
			fail(fmt.Sprintf("%s.units[%d]", path, i), "unit %q is no organizational unit (ou-…) or root (r-…)", unit)
		}
	}
	for _, list := range []struct {
		name string
		arns []string
	}{{"resources", s.Resources}, {"principals", s.Principals}} {
		for i, arn := range list.arns {
			if !isARNPattern(arn) {
				fail(fmt.Sprintf("%s.%s[%d]", path, list.name, i), "%q never matches an ARN: write the whole ARN, or begin with *", arn)
			}
		}
	}
}
