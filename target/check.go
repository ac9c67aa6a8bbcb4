package target

import (
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"riposte.dev/conf"
	"riposte.dev/fault"
)

// EventBridge's words, as PutTargets answers.
const (
	onlyOneInput       = "Only one of Input, InputPath, or InputTransformer must be provided for target %s."
	inputSyntax        = "JSON syntax error in input for target %s."
	invalidPath        = "InputPath for target %s is invalid."
	invalidTemplate    = "Invalid InputTemplate for target %s: %s."
	invalidPlaceholder = "InputTemplate for target %s contains invalid placeholder %s."
	onlyInJSON         = "InputTemplate for target %s contains placeholder aws.events.event.json valid only for JSON template."
	notSupported       = "Parameter(s) %s not supported for target: %s."
	mustBeSpecified    = "Parameter(s) %s must be specified for target: %s."
)

// maxTargets is how many targets EventBridge takes in a rule.
const maxTargets = 5

var (
	idForm       = form(`^[.\-_A-Za-z0-9]{1,64}$`)
	variableForm = form(`^[A-Za-z0-9_-]{1,256}$`)
	phoneForm    = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
	headerForm   = form("^[!#$%&'*+.^_`|~0-9a-zA-Z-]{1,512}$")
)

// Check finds every mistake in a rule's targets, and what EventBridge would not take or what may not do what it seems to
// (warnings). Paths are relative to the list, such as "[0].input_path"; places are for the caller to add.
func Check(targets []Config) (problems, warnings conf.Problems) {
	seen := map[string]bool{}
	for i := range targets {
		c := &checker{Config: &targets[i], at: fmt.Sprintf("[%d]", i)}
		if !idForm().MatchString(c.ID) {
			c.fail("id", "use 1 to 64 letters, digits, dots, dashes and underscores", "%q is not a target id", c.ID)
		} else if seen[c.ID] {
			c.fail("id", "give each target of a rule an id of its own", "target id %q is there twice", c.ID)
		}
		seen[c.ID] = true
		c.check()
		problems, warnings = append(problems, c.problems...), append(warnings, c.warnings...)
	}
	if len(targets) > maxTargets {
		warnings = append(warnings, conf.Problem{
			Message: fmt.Sprintf("the rule has %d targets; EventBridge takes %d", len(targets), maxTargets),
			Hint:    "riposte serves them all; on AWS the rule has to be split",
		})
	}
	return problems, warnings
}

// checker collects what is wrong with one target.
type checker struct {
	*Config
	at                 string
	problems, warnings conf.Problems
}

func (c *checker) fail(field, hint, format string, args ...any) {
	c.problems = append(c.problems, conf.Problem{Path: c.at + "." + field, Message: fmt.Sprintf(format, args...), Hint: hint})
}

func (c *checker) warn(field, hint, format string, args ...any) {
	c.warnings = append(c.warnings, conf.Problem{Path: c.at + "." + field, Message: fmt.Sprintf(format, args...), Hint: hint})
}

func (c *checker) check() {
	places := 0
	for _, place := range []string{c.ARN, c.URL, c.PhoneNumber} {
		if place != "" {
			places++
		}
	}
	if places != 1 {
		c.fail("arn", "write one of arn:, url: and phone_number:", "target %s has %d destinations", c.ID, places)
		return
	}
	k, err := c.kind()
	if err != nil {
		c.fail("arn", fault.Hint(err), "%s", fault.Message(err))
		return
	}
	c.address(k.Name)
	c.input(k.Name)
	c.parameters(k.Name)
	c.retry()
	if c.RoleARN != "" {
		if a, ok := parseARN(c.RoleARN); !ok || a.service != "iam" || !strings.HasPrefix(a.resource, "role/") || !accountForm.MatchString(a.account) {
			c.fail("role_arn", "write arn:aws:iam::111122223333:role/NAME", "%q is not the ARN of a role", c.RoleARN)
		}
	}
}

// address checks what is not an ARN.
func (c *checker) address(kind string) {
	switch kind {
	case "sms":
		if !phoneForm.MatchString(c.PhoneNumber) {
			c.fail("phone_number", `write "+", country code and number, in quotes: "+15555550100"`, "%q is not a phone number in E.164", c.PhoneNumber)
		}
	case "http":
		u, err := url.Parse(c.URL)
		switch {
		case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
			c.fail("url", "write https://HOST/PATH", "the URL is not one of https")
		case u.User != nil:
			c.fail("url", "put the password into a connection", "the URL holds a user name or password")
		case strings.Contains(u.Host, "*"):
			c.fail("url", "write the host out", "the URL's host has an asterisk")
		case u.Scheme == "http" && !loopback(u.Hostname()):
			c.fail("url", "write https://", "an event is not sent unencrypted")
		}
	}
	if kind != "http" && c.Connection != "" {
		c.fail("connection", "leave it out", notSupported, "connection", c.ID)
	}
	if kind == "http" && c.RoleARN != "" {
		c.fail("role_arn", "leave it out", notSupported, "RoleArn", c.ID)
	}
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

func (c *checker) input(kind string) {
	given := 0
	for _, set := range []bool{c.Input != "", c.InputPath != "", c.InputTransformer != nil} {
		if set {
			given++
		}
	}
	if given > 1 {
		c.fail("input", "keep one of them", onlyOneInput, c.ID)
	}
	if given > 0 && kind == "events" {
		c.fail("input", "another bus gets the whole event; change it there", notSupported, "Input", c.ID)
	}
	if c.Input != "" {
		if len(c.Input) > maxTemplate {
			c.fail("input", "make it shorter", "input has %d bytes, over the limit of %d", len(c.Input), maxTemplate)
		}
		if !jsontext.Value(c.Input).IsValid(jsontext.AllowDuplicateNames(true)) {
			c.fail("input", `write a JSON value; a text needs its own quotes: '"text"'`, inputSyntax, c.ID)
		}
	}
	if c.InputPath != "" {
		c.path("input_path", c.InputPath)
	}
	if c.InputTransformer != nil {
		c.transformer(c.InputTransformer)
	}
}

func (c *checker) path(field, path string) {
	if _, err := parsePath(path); err != nil {
		hint := fault.Message(err)
		if more := fault.Hint(err); more != "" {
			hint += ": " + more
		}
		c.fail(field, hint, invalidPath, c.ID)
	}
}

func (c *checker) transformer(t *InputTransformer) {
	const field = "input_transformer."
	if len(t.InputPathsMap) > 100 {
		c.fail(field+"input_paths_map", "leave out what the template does not use", "input_paths_map has %d entries, over the limit of 100", len(t.InputPathsMap))
	}
	for _, name := range slices.Sorted(maps.Keys(t.InputPathsMap)) {
		at := conf.FieldPath(field+"input_paths_map", name)
		if !variableForm().MatchString(name) {
			c.fail(at, "use letters, digits, dashes and underscores", "%q is not the name of a variable", name)
		}
		c.path(at, t.InputPathsMap[name])
	}
	parsed, err := parseTemplate(t.InputTemplate)
	if err != nil {
		c.fail(field+"input_template", fault.Hint(err), invalidTemplate, c.ID, fault.Message(err))
	}
	if parsed == nil {
		return
	}
	object := strings.HasPrefix(strings.TrimLeft(t.InputTemplate, " \t\r\n"), "{")
	for _, name := range parsed.variables() {
		_, known := t.InputPathsMap[name]
		if !known && !slices.Contains(predefined, name) {
			c.fail(field+"input_template", conf.Suggest(name, append(slices.Sorted(maps.Keys(t.InputPathsMap)), predefined...)), invalidPlaceholder, c.ID, name)
		}
		if name == varEventJSON && !object {
			c.fail(field+"input_template", `write {"event": <aws.events.event.json>}`, onlyInJSON, c.ID)
		}
	}
	for _, p := range parsed.parts {
		if p.quoted && parsed.json && p.variable != varRuleName && p.variable != varRuleARN && p.variable != varIngestion {
			c.warn(field+"input_template", fmt.Sprintf("write it outside of quotes, as a value of its own: <%s>", p.variable),
				"<%s> stands in quotes, where EventBridge does not escape it: a value with a quote mark, which whoever causes the event may choose, changes the JSON or breaks it", p.variable)
		}
	}
}

func (c *checker) retry() {
	if r := c.RetryPolicy; r != nil {
		if n := r.MaximumRetryAttempts; n != nil && (*n < 0 || *n > 185) {
			c.fail("retry_policy.maximum_retry_attempts", "write 0 to 185", "MaximumRetryAttempts %d is out of range", *n)
		}
		if n := r.MaximumEventAgeInSeconds; n != nil && (*n < 60 || *n > 86400) {
			c.fail("retry_policy.maximum_event_age_in_seconds", "write 60 to 86400", "MaximumEventAgeInSeconds %d is out of range", *n)
		}
	}
	if d := c.DeadLetterConfig; d != nil {
		const field = "dead_letter_config.arn"
		k, err := (&Config{ARN: d.ARN}).kind()
		a, _ := parseARN(d.ARN)
		switch {
		case err != nil:
			c.fail(field, fault.Hint(err), "%s", fault.Message(err))
		case k.Name != "sqs":
			c.fail(field, "write the ARN of an SQS queue", "%s is not supported as a dead letter resource.", a.service)
		case strings.HasSuffix(d.ARN, ".fifo"):
			c.fail(field, "write the ARN of a standard queue", "SQS FIFO is not supported by Dead Letter Queues.")
		}
	}
}
