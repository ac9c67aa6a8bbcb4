package detect

import (
	"time"

	"riposte.dev/conf"
	"riposte.dev/finding"
	"riposte.dev/guard"
	"riposte.dev/target"
)

// Schema returns the JSON Schema of a rule file, for editors.
func Schema() ([]byte, error) { return conf.SchemaOf(ruleFile{}, "riposte rule") }

// ruleFile is a rule as it is written; docs/reference/rules.md describes every field.
type ruleFile struct {
	At             conf.Position   `conf:"position"`
	ID             string          `yaml:"id" conf:"required" doc:"Unique name of the rule: small letters, digits and dashes."`
	Title          string          `yaml:"title" conf:"required" doc:"What the rule is about, for lists."`
	Story          string          `yaml:"story" conf:"required" doc:"Why the rule exists, for people."`
	Severity       finding.Label   `yaml:"severity" conf:"required"`
	Tags           Tags            `yaml:"tags" doc:"Controls and techniques that the rule covers."`
	Scope          Scope           `yaml:"scope" doc:"Accounts in which the rule holds; without it, all."`
	Match          matchFile       `yaml:"match" conf:"required"`
	When           *conf.Node      `yaml:"when" doc:"A CEL condition over event, in quotes."`
	Finding        *findingFile    `yaml:"finding" doc:"The finding that a match raises."`
	Respond        *respondFile    `yaml:"respond" doc:"The playbook that a match starts."`
	Targets        []target.Config `yaml:"targets" doc:"Where a match's event is sent, as EventBridge's targets."`
	Notify         List            `yaml:"notify" doc:"Routes of the configuration that are told."`
	FalsePositives List            `yaml:"false_positives" doc:"When a match is nothing to worry about."`
	Tests          []caseFile      `yaml:"tests" doc:"Events, and what the rule makes of them."`
}

type matchFile struct {
	Pattern  conf.Raw   `yaml:"pattern" doc:"An EventBridge pattern."`
	Patterns []conf.Raw `yaml:"patterns" doc:"Several patterns; one of them has to match."`

	// Matchers of the format that this version cannot run yet; named here so that the refusal can say so.
	Sigma   *conf.Node `yaml:"sigma"`
	Metric  *conf.Node `yaml:"metric"`
	Posture *conf.Node `yaml:"posture"`
	Threat  *conf.Node `yaml:"threat"`
}

type findingFile struct {
	Type        string         `yaml:"type" conf:"required"`
	Title       string         `yaml:"title"`
	Description string         `yaml:"description"`
	Remediation string         `yaml:"remediation"`
	Group       string         `yaml:"group"`
	Resources   []resourceFile `yaml:"resources"`
}

type resourceFile struct {
	Type     string `yaml:"type" conf:"required"`
	ID       string `yaml:"id" conf:"required"`
	Affected string `yaml:"affected"`
}

type respondFile struct {
	Playbook string        `yaml:"playbook" conf:"required" doc:"Name of the playbook: its file without the extension."`
	Mode     guard.Mode    `yaml:"mode" conf:"required"`
	Input    *conf.Node    `yaml:"input" doc:"The playbook's input; texts that begin with $. are taken from the event."`
	Cooldown time.Duration `yaml:"cooldown" doc:"Least time between two responses to one resource."`
	MaxAge   time.Duration `yaml:"max_age" doc:"Older events only notify; 1h by default."`
	Approval *approvalFile `yaml:"approval" doc:"Who has to agree in mode approve."`
	Escalate *escalateFile `yaml:"escalate" doc:"What starts beside it when one resource is broken again and again."`
}

type approvalFile struct {
	Quorum    int           `yaml:"quorum" doc:"How many people have to agree; 1 by default."`
	Within    time.Duration `yaml:"within" doc:"How long they have; 4h by default."`
	Otherwise string        `yaml:"otherwise" doc:"What happens where nobody answers: leave (the default) or act."`
}

type escalateFile struct {
	Times    int           `yaml:"times" conf:"required" doc:"At which break of one resource: 2 to 100."`
	Within   time.Duration `yaml:"within" conf:"required" doc:"In how long the breaks are counted; at most 2h."`
	Playbook string        `yaml:"playbook" conf:"required" doc:"Name of the playbook."`
	Mode     guard.Mode    `yaml:"mode" conf:"required"`
	Input    *conf.Node    `yaml:"input" doc:"The playbook's input, from the event that escalates."`
}

type caseFile struct {
	At     conf.Position `conf:"position"`
	Name   string        `yaml:"name" conf:"required"`
	Event  *conf.Node    `yaml:"event" doc:"The whole event."`
	Record *conf.Node    `yaml:"record" doc:"The parts of a CloudTrail record that matter; the rest is filled in."`
	Expect expectation   `yaml:"expect" conf:"required"`
}
