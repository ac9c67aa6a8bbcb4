package detect

import (
	"time"

	"riposte.dev/conf"
)

// ruleFile is a rule as it is written; docs/reference/rules.md describes every field.
type ruleFile struct {
	At             conf.Position `conf:"position"`
	ID             string        `yaml:"id" conf:"required"`
	Title          string        `yaml:"title" conf:"required"`
	Story          string        `yaml:"story" conf:"required"`
	Severity       string        `yaml:"severity" conf:"required"`
	Tags           Tags          `yaml:"tags"`
	Scope          Scope         `yaml:"scope"`
	Match          matchFile     `yaml:"match" conf:"required"`
	When           *conf.Node    `yaml:"when"`
	Finding        *findingFile  `yaml:"finding"`
	Respond        *respondFile  `yaml:"respond"`
	Notify         List          `yaml:"notify"`
	FalsePositives List          `yaml:"false_positives"`
	Tests          []caseFile    `yaml:"tests"`
}

type matchFile struct {
	Pattern  conf.Raw   `yaml:"pattern"`
	Patterns []conf.Raw `yaml:"patterns"`

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
	Playbook string        `yaml:"playbook" conf:"required"`
	Mode     string        `yaml:"mode" conf:"required"`
	Input    *conf.Node    `yaml:"input"`
	Cooldown time.Duration `yaml:"cooldown"`
	MaxAge   time.Duration `yaml:"max_age"`
}

type caseFile struct {
	At     conf.Position `conf:"position"`
	Name   string        `yaml:"name" conf:"required"`
	Event  *conf.Node    `yaml:"event"`
	Record *conf.Node    `yaml:"record"`
	Expect expectation   `yaml:"expect" conf:"required"`
}
