package detect

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"riposte.dev/conf"
	"riposte.dev/finding"
	"riposte.dev/guard"
	"riposte.dev/target"
)

// Rule is one detection with its story, its response and its tests: a compiled, read-only rule of a RuleSet.
type Rule struct {
	ID             string
	Title          string        // what the rule is about, for lists
	Story          string        // why it exists, for people
	Severity       finding.Label // of its finding and its notifications
	Tags           Tags
	Scope          Scope
	Patterns       []string // EventBridge patterns as JSON; an event matches where any of them does
	When           string   // CEL, "" where there is none
	Finding        *FindingTemplate
	Respond        *Respond
	Targets        []target.Config
	Notify         []string // routes
	FalsePositives []string
	Tests          []Case
	Hash           string        // of the rule's text as parsed: comments and layout do not count
	Position       conf.Position // where the rule begins

	title     Template
	condition *condition
}

// Tags relate a rule to the catalogues that people report against.
type Tags struct {
	// CIS maps versions of the CIS AWS Foundations Benchmark ("1.2.0", "1.3.0+", "1.3.0-3.0.0") to control numbers.
	CIS map[string]List `yaml:"cis" json:"cis,omitempty"`
	// ATTACK lists MITRE ATT&CK techniques, such as T1562.008.
	ATTACK List `yaml:"attack" json:"attack,omitempty"`
	// CSF lists functions of the NIST Cybersecurity Framework, such as detect.
	CSF List `yaml:"csf" json:"csf,omitempty"`
}

// CISControls returns the control numbers as of version 1.3.0 and later of the benchmark (4.1 to 4.15), sorted, each once.
func (t Tags) CISControls() []string {
	var numbers []string
	for version, controls := range t.CIS {
		if !strings.HasPrefix(version, "1.2.") && !strings.HasPrefix(version, "1.1.") && !strings.HasPrefix(version, "1.0.") {
			numbers = append(numbers, controls...)
		}
	}
	slices.Sort(numbers)
	return slices.Compact(numbers)
}

// Scope says in which accounts a rule holds.
type Scope struct {
	// Accounts are account ids, or "*" for every one. Empty is every one.
	Accounts List `yaml:"accounts" json:"accounts,omitempty"`
	// Except leaves accounts out again.
	Except ScopeExcept `yaml:"except" json:"except"`
}

// ScopeExcept leaves accounts out of a rule's scope, by id or by a tag of the account.
type ScopeExcept struct {
	Accounts List              `yaml:"accounts" json:"accounts,omitempty"`
	Tags     map[string]string `yaml:"tags" json:"tags,omitempty"`
}

// includes decides by the account's id alone; tags are looked up by the engine.
func (s Scope) includes(account string) bool {
	if slices.Contains(s.Except.Accounts, account) {
		return false
	}
	return len(s.Accounts) == 0 || slices.Contains(s.Accounts, "*") || slices.Contains(s.Accounts, account)
}

// exceptedBy returns the tag by which an account with these tags is left out, "" where none does.
func (s Scope) exceptedBy(tags map[string]string) string {
	for key, value := range s.Except.Tags {
		if got, ok := tags[key]; ok && got == value {
			return key + "=" + value
		}
	}
	return ""
}

// FindingTemplate says what finding a match raises.
type FindingTemplate struct {
	Type        string // ASFF type, such as "TTPs/Defense Evasion/Stealth:IAMUser-CloudTrailLoggingDisabled"
	Title       Template
	Description Template
	Remediation string
	Group       *Template          // events of equal text share one finding; nil: each event has its own
	Resources   []ResourceTemplate // empty: the event's resources, else the account
}

// ResourceTemplate names a resource of the event.
type ResourceTemplate struct {
	Type     string // ASFF resource type, such as AwsCloudTrailTrail
	ID       Template
	Affected string // CloudFormation type under which ProductFields name the resource as touched by the call; may be ""
}

// Respond says what a match starts.
type Respond struct {
	Playbook string
	Mode     guard.Mode
	Cooldown time.Duration // least time between two responses to one resource; 0: none
	MaxAge   time.Duration // an older event only notifies; 0: the guard's default of one hour

	Approval Approval // of mode approve

	Escalate *Escalate // nil: however often a resource is broken, each break is answered alike

	input inputTemplate
}

// Escalate says what starts beside the response when one resource is broken again and again.
type Escalate struct {
	Times    int           // breaks, each of a cause of its own
	Within   time.Duration // by the events' time
	Playbook string
	Mode     guard.Mode

	input inputTemplate
}

// Approval says who has to agree to a plan in mode approve. Zero values take the playbook runtime's defaults.
type Approval struct {
	Quorum    int
	Within    time.Duration
	Otherwise string // leave or act
}

// List is one text or several: `notify: secops` and `notify: [secops, platform]` say the same kind of thing.
type List []string

// UnmarshalConf reads a text or a list of texts.
func (l *List) UnmarshalConf(n *conf.Node) error {
	items := n.Items
	if n.Kind != conf.List {
		items = []*conf.Node{n}
	}
	*l = make(List, 0, len(items))
	var problems conf.Problems
	for _, item := range items {
		if item.Kind != conf.String {
			problems = append(problems, conf.Problem{Position: item.Position, Hint: fmt.Sprintf("write %q, or a list of such", item.JSON()),
				Message: fmt.Sprintf("a text is wanted here, not a %s", item.Kind)})
			continue
		}
		*l = append(*l, item.Text)
	}
	return problems.Err()
}

// ConfSchema describes a text or a list of texts.
func (List) ConfSchema() conf.Schema {
	text := conf.Schema{"type": "string"}
	return conf.Schema{"anyOf": []conf.Schema{text, {"type": "array", "items": text}}}
}
