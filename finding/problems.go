package finding

import (
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"riposte.dev/conf"
)

// schemaProblems turns a schema violation into one problem a member, in words for people. What was checked stands at that place
// of the finding.
func schemaProblems(err error, how strictness, at ...string) ([]conf.Problem, error) {
	if err == nil {
		return nil, nil
	}
	var violation *jsonschema.ValidationError
	if !errors.As(err, &violation) {
		return nil, fmt.Errorf("checking the finding against its schema: %w", err)
	}
	var problems []conf.Problem
	var walk func(v *jsonschema.ValidationError)
	walk = func(v *jsonschema.ValidationError) {
		v.InstanceLocation = slices.Concat(at, v.InstanceLocation)
		if len(v.Causes) == 0 && (how == strict || !tolerable(v)) {
			problems = append(problems, leafProblems(v)...)
		}
		for _, cause := range v.Causes {
			walk(cause)
		}
	}
	walk(violation)
	return problems, nil
}

// tolerable reports whether AWS itself writes what AWS's API model forbids: Security Hub exports blank texts among the
// fields and details of GuardDuty and others, and a model that is older than the finding lacks values of enumerations.
// The values that the hub decides on are checked all the same.
func tolerable(v *jsonschema.ValidationError) bool {
	at := indexes.ReplaceAllString(path(v.InstanceLocation), "")
	switch k := v.ErrorKind.(type) {
	case *kind.Pattern:
		return strings.TrimSpace(k.Got) == "" && (strings.HasPrefix(at, "ProductFields") || strings.HasPrefix(at, "Resources."))
	case *kind.Enum:
		return !slices.Contains([]string{"Severity.Label", "FindingProviderFields.Severity.Label", "Workflow.Status", "RecordState",
			"Compliance.Status", "VerificationState"}, at)
	default:
		return false
	}
}

// leafProblems says what is wrong in one place and what to write instead.
func leafProblems(v *jsonschema.ValidationError) []conf.Problem {
	at := path(v.InstanceLocation)
	one := func(hint, format string, args ...any) []conf.Problem {
		return []conf.Problem{{Path: at, Message: subject(at) + " " + fmt.Sprintf(format, args...), Hint: hint}}
	}
	switch k := v.ErrorKind.(type) {
	case *kind.Required:
		var all []conf.Problem
		for _, name := range k.Missing {
			member := strings.TrimPrefix(at+"."+name, ".")
			all = append(all, conf.Problem{Path: member, Message: member + " is missing", Hint: hintFor(member)})
		}
		return all
	case *kind.Type:
		return one("write "+article(k.Want), "is %s, not %s", article([]string{k.Got}), article(k.Want))
	case *kind.Enum:
		return one("write one of "+list(k.Want), "is %s, which is no value of it", quote(k.Got))
	case *kind.Const:
		return one("write "+quote(k.Want), "is %s", quote(k.Got))
	case *kind.Pattern:
		if strings.TrimSpace(k.Got) == "" {
			return one("write a text or leave the member out", "is blank")
		}
		return one(hintFor(at), "is %q", clip(k.Got))
	case *kind.Format:
		return one(hintFor(at), "is %s, which is no %s", quote(k.Got), formats[k.Want])
	case *kind.MaxLength:
		return one(fmt.Sprintf("write at most %d", k.Want), "has %d characters", k.Got)
	case *kind.MinLength:
		return one(fmt.Sprintf("write at least %d", k.Want), "has %d characters", k.Got)
	case *kind.MaxItems:
		return one(fmt.Sprintf("write at most %d", k.Want), "has %d items", k.Got)
	case *kind.MinItems:
		return one(fmt.Sprintf("write at least %d", k.Want), "has %d items", k.Got)
	case *kind.MaxProperties:
		return one(fmt.Sprintf("write at most %d", k.Want), "has %d members", k.Got)
	case *kind.MinProperties:
		return one(hintFor(at), "is empty")
	case *kind.Minimum:
		return one("write at least "+number(k.Want), "is %s", number(k.Got))
	case *kind.Maximum:
		return one("write at most "+number(k.Want), "is %s", number(k.Got))
	case *kind.FalseSchema: // the embedded limits use it for the length of a map's keys, and for nothing else
		last := len(v.InstanceLocation) - 1
		at = path(v.InstanceLocation[:last])
		return one("write keys of at most 128", "has a key of %d characters, %s", utf8.RuneCountInString(v.InstanceLocation[last]), quote(v.InstanceLocation[last]))
	default: // a keyword that the embedded schemas do not use yet
		return one("", "breaks the schema's rule %s", strings.Join(v.ErrorKind.KeywordPath(), "/"))
	}
}

// hints say what to write, by the member's name without indexes.
var hints = map[string]string{
	"ProductArn":                  "write arn:PARTITION:securityhub:REGION:ACCOUNT:product/COMPANY/PRODUCT; a product of your own is product/ACCOUNT/default",
	"AwsAccountId":                "write the 12 digits of the account that the finding is about",
	"GeneratorId":                 "write the id of the rule or check that raised it",
	"Resources":                   "write the resources that the finding is about, at least one {Type, Id}",
	"Description":                 "write what was found, in at most 1,024 characters",
	"Title":                       "write what was found, in at most 256 characters",
	"SchemaVersion":               "write " + SchemaVersion,
	"Remediation.Recommendation":  "write Text or Url, or leave it out",
	"Resources.Type":              "write what it is, such as AwsEc2Instance; Other where AWS has no name for it",
	"Resources.Id":                "write the resource's ARN, or its id where it has none",
	"Types":                       typesHint,
	"FindingProviderFields.Types": typesHint,
}

const typesHint = "write namespace/category/classifier, where the namespace is one of Software and Configuration Checks, TTPs, Effects, " +
	"Unusual Behaviors, Sensitive Data Identifications, and no part has a further /"

var formats = map[string]string{"date-time": "timestamp", "ipv4": "IPv4 address", "ipv6": "IPv6 address"}

var indexes = regexp.MustCompile(`\[\d+\]`)

func hintFor(at string) string {
	name := indexes.ReplaceAllString(at, "")
	if hint := hints[name]; hint != "" {
		return hint
	}
	if strings.HasSuffix(name, "At") {
		return "write an RFC 3339 time such as 2026-03-22T13:22:13.933Z"
	}
	return ""
}

// path writes a JSON pointer as Resources[0].Tags["a/b"]; the finding itself is "".
func path(pointer []string) string {
	var b strings.Builder
	for _, part := range pointer {
		switch _, err := strconv.Atoi(part); {
		case err == nil:
			b.WriteString("[" + part + "]")
		case plainName.MatchString(part):
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			b.WriteString(part)
		default:
			b.WriteString("[" + strconv.Quote(clip(part)) + "]")
		}
	}
	return b.String()
}

var plainName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func subject(at string) string {
	if at == "" {
		return "the finding"
	}
	return at
}

// article names JSON types for people.
func article(types []string) string {
	named := make([]string, len(types))
	for i, t := range types {
		named[i] = map[string]string{"object": "an object", "array": "a list", "string": "a text", "integer": "a whole number",
			"number": "a number", "boolean": "true or false", "null": "null"}[t]
	}
	return strings.Join(named, " or ")
}

func list(values []any) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = fmt.Sprint(v)
	}
	return strings.Join(texts, ", ")
}

func quote(v any) string {
	if s, ok := v.(string); ok {
		return strconv.Quote(clip(s))
	}
	return clip(fmt.Sprint(v))
}

// clip shortens a value from outside, which an error must not repeat at length.
func clip(s string) string { return shorten(s, 80) }

func number(r *big.Rat) string { return r.RatString() }
