package resourcepolicy

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Statement is what matters of a statement here.
type Statement struct {
	Number       int // from 1
	Sid          string
	Effect       string
	Action       Texts
	NotAction    Texts
	Resource     Texts
	Principal    *Principals
	NotPrincipal *Principals
	Condition    map[string]map[string]Texts
}

// Texts is a text, a number, a boolean, or a list of those.
type Texts []string

// UnmarshalJSON reads one value or a list.
func (t *Texts) UnmarshalJSON(raw []byte) error {
	var value any
	if err := json.Unmarshal(raw, &value); err != nil {
		return err
	}
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	for _, element := range list {
		switch element.(type) {
		case string, bool, float64:
			*t = append(*t, fmt.Sprint(element))
		default:
			return fmt.Errorf("want a text or a list of texts")
		}
	}
	return nil
}

// Principals are those of all kinds (AWS, Service, Federated, CanonicalUser), or "*".
type Principals []string

// UnmarshalJSON reads "*" or an object.
func (p *Principals) UnmarshalJSON(raw []byte) error {
	var all string
	if json.Unmarshal(raw, &all) == nil {
		*p = Principals{all}
		return nil
	}
	var kinds map[string]Texts
	if err := json.Unmarshal(raw, &kinds); err != nil {
		return err
	}
	for _, names := range kinds {
		*p = append(*p, names...)
	}
	return nil
}

// Public reports whether S3 calls a policy with this statement public: it allows something to whoever is not one of a few
// fixed principals, and no condition holds only for fixed values. A value is fixed if it has neither a wildcard nor a policy
// variable in it ("The meaning of public",
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status).
func (s Statement) Public() bool { return s.public(fixed) }

// Open reports whether a statement of another service's policy lets everybody in. That is as [Statement.Public], but that the ARN of
// a source or a principal may have wildcards as long as its account has none, or the name of its bucket: AWS's own examples let
// `arn:aws:cloudwatch:us-east-2:111122223333:alarm:*` publish to a topic, and nobody else is let in by that
// (https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html).
func (s Statement) Open() bool { return s.public(fixedOutsideS3) }

func (s Statement) public(fixed func(key, value string) bool) bool {
	if s.Effect != "Allow" {
		return false
	}
	everybody := s.NotPrincipal != nil
	if s.Principal != nil {
		everybody = slices.ContainsFunc(*s.Principal, func(name string) bool { return strings.Contains(name, "*") })
	}
	return everybody && !s.narrowed(fixed)
}

// narrowing are the condition keys whose fixed values keep a statement from being public, in small letters.
var narrowing = []string{
	"aws:principalaccount", "aws:principalarn", "aws:principalorgid", "aws:principalorgpaths",
	"aws:sourceaccount", "aws:sourcearn", "aws:sourceip", "aws:sourceorgid", "aws:sourceowner", "aws:sourcevpc", "aws:sourcevpce",
	"aws:userid", "kms:calleraccount", "s3:dataaccesspointaccount", "s3:dataaccesspointarn", "s3:x-amz-server-side-encryption-aws-kms-key-id",
}

// matching are the operators that hold for the values that are named, and for no request without the key.
var matching = []string{
	"stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike", "ipaddress",
}

func (s Statement) narrowed(fixed func(key, value string) bool) bool {
	for operator, keys := range s.Condition {
		if !slices.Contains(matching, strings.TrimPrefix(strings.ToLower(operator), "foranyvalue:")) {
			continue
		}
		for key, values := range keys {
			key = strings.ToLower(key)
			if slices.Contains(narrowing, key) && !slices.ContainsFunc(values, func(v string) bool { return !fixed(key, v) }) {
				return true
			}
		}
	}
	return false
}

// fixed reports whether the value stands for a few fixed sources.
func fixed(key, value string) bool {
	switch key {
	case "aws:sourceip":
		return narrow(value)
	case "s3:dataaccesspointarn":
		// The access point's name may be a wildcard as long as its account is not.
		if i := strings.LastIndex(value, ":"); i > 0 {
			value = value[:i]
		}
	}
	return !strings.ContainsAny(value, "*?") && !strings.Contains(value, "${")
}

// fixedOutsideS3 reports the same where the services are not S3.
func fixedOutsideS3(key, value string) bool {
	part := strings.SplitN(value, ":", 6)
	if key != "aws:sourcearn" && key != "aws:principalarn" || len(part) < 6 {
		return fixed(key, value)
	}
	return accountID.MatchString(part[4]) || part[2] == "s3" && fixed(key, part[5])
}

// narrow reports whether a network is no broader than /8, or /32 in IPv6. The private networks of IPv4 are none.
func narrow(value string) bool {
	if _, err := netip.ParseAddr(value); err == nil {
		return true
	}
	network, err := netip.ParsePrefix(value)
	switch {
	case err != nil:
		return false
	case network.Addr().Is4():
		return network.Bits() >= 8
	default:
		return network.Bits() >= 32
	}
}

// String names the statement for people: `statement 2 "PublicRead" (s3:GetObject)`.
func (s Statement) String() string {
	name := fmt.Sprintf("statement %d", s.Number)
	if s.Sid != "" {
		name += fmt.Sprintf(" %q", s.Sid)
	}
	switch {
	case len(s.Action) > 0:
		return name + " (" + some(s.Action) + ")"
	case len(s.NotAction) > 0:
		return name + " (all but " + some(s.NotAction) + ")"
	}
	return name
}

// some lists the first names.
func some(names []string) string {
	const most = 3
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

// Public returns the indexes of the statements that S3 calls public, and them.
func (d Document) Public() ([]int, []Statement, error) { return d.those(Statement.Public) }

// Open returns the indexes of the statements that let everybody in by another service's policy, and them.
func (d Document) Open() ([]int, []Statement, error) { return d.those(Statement.Open) }

func (d Document) those(public func(Statement) bool) ([]int, []Statement, error) {
	statements, err := d.Statements()
	if err != nil {
		return nil, nil, err
	}
	var indexes []int
	var found []Statement
	for i, s := range statements {
		if public(s) {
			indexes, found = append(indexes, i), append(found, s)
		}
	}
	return indexes, found, nil
}

// List names statements for people.
func List(found []Statement) string {
	var out []string
	for _, s := range found {
		out = append(out, s.String())
	}
	if len(out) < 2 {
		return strings.Join(out, "")
	}
	return strings.Join(out[:len(out)-1], ", ") + " and " + out[len(out)-1]
}
