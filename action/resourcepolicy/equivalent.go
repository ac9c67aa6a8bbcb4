package resourcepolicy

import (
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
)

// Equivalent reports whether two policies say the same. AWS doesn't answer with the text that it was given: it writes a list
// of one as a text, orders lists, and names accounts by the ARN of their root
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html). "" is no policy.
func Equivalent(a, b string) bool {
	if a == b || a == "" || b == "" {
		return a == b
	}
	var x, y any
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		return false
	}
	return reflect.DeepEqual(normal(x, false), normal(y, false))
}

var accountID = regexp.MustCompile(`^[0-9]{12}$`)

// accountRoot is the ARN by which a principal names a whole account.
var accountRoot = regexp.MustCompile(`^arn:[a-z-]+:iam::([0-9]{12}):root$`)

// normal writes a part of a policy in one way: lists of texts sorted and each text once, a single value as a list of it,
// and accounts by their digits. aws is true within a principal's AWS.
func normal(value any, aws bool) any {
	switch v := value.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, member := range v {
			if s, ok := member.(map[string]any); ok && name == "Statement" {
				member = []any{s}
			}
			switch name {
			case "Version", "Id", "Sid", "Effect":
				out[name] = member
			default:
				out[name] = normal(member, name == "AWS")
			}
		}
		return out
	case []any:
		if len(v) > 0 {
			if _, isObject := v[0].(map[string]any); isObject {
				out := make([]any, 0, len(v))
				for _, element := range v {
					out = append(out, normal(element, false))
				}
				return out
			}
		}
		return normalTexts(v, aws)
	default:
		return normalTexts([]any{v}, aws)
	}
}

func normalTexts(list []any, aws bool) []string {
	out := make([]string, 0, len(list))
	for _, element := range list {
		raw, err := json.Marshal(element)
		if err != nil { // it came from a JSON decoder
			return nil
		}
		text, ok := element.(string)
		switch {
		case !ok:
			text = string(raw)
		case aws && !accountID.MatchString(text):
			if m := accountRoot.FindStringSubmatch(text); m != nil {
				text = m[1]
			}
		}
		out = append(out, text)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
