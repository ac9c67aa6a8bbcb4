package ticket

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"riposte.dev/conf"
)

// Kinds of trackers.
const (
	Jira       = "jira"       // Jira Cloud
	ServiceNow = "servicenow" // any table of ServiceNow that has a number and a state
)

// Config is a tracker, as it stands in the configuration. Its token is read for each call, so that it can be rotated.
type Config struct {
	Kind      string `yaml:"kind" conf:"required"`       // jira or servicenow
	URL       string `yaml:"url" conf:"required"`        // such as https://example.atlassian.net
	User      string `yaml:"user"`                       // mail address at Jira; "": the token goes as a bearer
	TokenFile string `yaml:"token_file" conf:"required"` // API token of Jira, password or token of ServiceNow

	Project   string         `yaml:"project"`    // Jira: its key
	IssueType string         `yaml:"issue_type"` // Jira; default Task
	Table     string         `yaml:"table"`      // ServiceNow; default incident
	Fields    map[string]any `yaml:"fields"`     // set in new tickets beside riposte's, as the API takes them

	// How tickets are closed. Jira: the name of the status; default: the only one of the category Done. ServiceNow: the state, default
	// 6 (Resolved).
	CloseStatus  string   `yaml:"close_status"`
	ClosedStates []string `yaml:"closed_states"` // ServiceNow: states in which nothing is left to do; default 6, 7, 8
	CloseCode    string   `yaml:"close_code"`    // ServiceNow; default "Solution provided"

	AllowPrivate bool   `yaml:"allow_private"` // accepts a loopback or private address
	CAFile       string `yaml:"ca_file"`       // PEM; certificates to trust instead of the system's
}

func (c Config) withDefaults() Config {
	set := func(field *string, value string) {
		if *field == "" {
			*field = value
		}
	}
	set(&c.IssueType, "Task")
	set(&c.Table, "incident")
	if c.Kind == ServiceNow {
		set(&c.CloseStatus, "6")
		set(&c.CloseCode, "Solution provided")
	}
	if len(c.ClosedStates) == 0 {
		c.ClosedStates = []string{"6", "7", "8"}
	}
	return c
}

var (
	trackerName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)
	projectKey  = regexp.MustCompile(`^[A-Z][A-Z0-9_]{1,99}$`)
	tableName   = regexp.MustCompile(`^[a-z][a-z0-9_]{0,79}$`)
	stateForm   = regexp.MustCompile(`^-?[0-9]{1,6}$`)
)

// own are the fields that riposte sets itself.
var own = map[string][]string{
	Jira:       {"project", "issuetype", "summary", "description"},
	ServiceNow: {"short_description", "description", "correlation_id", "correlation_display"},
}

// Check finds every mistake in the trackers; paths are relative to the map of them.
func Check(trackers map[string]Config) conf.Problems {
	var problems conf.Problems
	for _, name := range slices.Sorted(maps.Keys(trackers)) {
		problems = append(problems, trackers[name].check(name).In(conf.FieldPath("", name))...)
	}
	return problems
}

func (c Config) check(name string) conf.Problems {
	var problems conf.Problems
	fail := func(field, hint, message string) {
		problems = append(problems, conf.Problem{Path: field, Message: message, Hint: hint})
	}
	if !trackerName.MatchString(name) {
		fail("", "use 1 to 40 lower-case letters, digits and dashes", "that is not a tracker's name")
	}
	u, err := url.Parse(c.URL)
	switch {
	case c.URL == "":
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http":
		fail("url", "write one such as https://example.atlassian.net", "that is no tracker's URL")
	case u.Scheme == "http" && !c.AllowPrivate:
		fail("url", "write https://; http: is only for a tracker in your own network, with allow_private: true", "the token is not sent in clear")
	}
	switch c.Kind {
	case "":
	case Jira:
		if !projectKey.MatchString(c.Project) {
			fail("project", "write the project's key, such as SEC: new issues are made there", "a tracker of kind jira needs a project")
		}
		if c.User == "" {
			fail("user", "write the mail address of the token's owner", "Jira Cloud takes a token only with its user")
		}
	case ServiceNow:
		if c.Table != "" && !tableName.MatchString(c.Table) {
			fail("table", "write its name, such as incident or sn_si_incident", "that is not a table's name")
		}
		for _, state := range append([]string{c.withDefaults().CloseStatus}, c.ClosedStates...) {
			if !stateForm.MatchString(state) {
				fail("close_status", "write the number of a state in quotes, such as \"6\"", "a state of ServiceNow is a number, not "+state)
			}
		}
	default:
		fail("kind", "write jira or servicenow", "riposte knows no tracker of kind "+c.Kind)
	}
	for _, field := range own[c.Kind] {
		if _, taken := c.Fields[field]; taken {
			fail("fields."+field, "take it out", "riposte sets "+field+" itself")
		}
	}
	if strings.ContainsAny(c.User, ":\r\n") {
		fail("user", "write the mail address or name alone", "that is no user")
	}
	return problems
}
