package wire

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// violations collects every constraint of the model that an input breaks.
type violations struct {
	found   []string
	missing string // first required member that is absent
}

// validate checks required members, lengths, ranges, patterns and enumerations.
func (t *Target) validate(s *Shape, in Object) error {
	v := &violations{}
	v.structure(s, in, "", t.Protocol)
	if len(v.found) == 0 {
		return nil
	}
	switch {
	case t.Protocol == EC2 && v.missing != "":
		return t.CommonError(MissingParameter, "The request must contain the parameter %s", v.missing)
	case t.Model.Service == "sns":
		return t.CommonError(Invalid, "Invalid parameter: %s", v.found[0])
	case t.Model.Service == "sqs" && v.missing != "":
		return &Error{Code: "MissingParameter", Message: "The request must contain the parameter " + v.missing + "."}
	case t.Model.Service == "sqs":
		return &Error{Code: "InvalidParameterValue", Message: v.found[0]}
	case t.Protocol == EC2, t.Protocol == RESTXML:
		return t.CommonError(Invalid, "%s", v.found[0])
	}
	noun := "errors"
	if len(v.found) == 1 {
		noun = "error"
	}
	return t.CommonError(Invalid, "%d validation %s detected: %s", len(v.found), noun, strings.Join(v.found, "; "))
}

func (v *violations) add(value any, path, constraint string) {
	shown := "null"
	if value != nil {
		shown = fmt.Sprintf("'%.200s'", fmt.Sprint(value))
	}
	v.found = append(v.found, fmt.Sprintf("Value %s at '%s' failed to satisfy constraint: Member must %s", shown, path, constraint))
}

func (v *violations) structure(s *Shape, o Object, path string, p Protocol) {
	for _, name := range s.Required {
		if o[name] == nil {
			if v.missing == "" {
				v.missing = name
			}
			v.add(nil, join(path, lowerFirst(name)), "not be null")
		}
	}
	for _, m := range s.Members {
		if x := o[m.Name]; x != nil {
			v.value(m.Type(), x, join(path, lowerFirst(m.Name)), p)
		}
	}
}

func (v *violations) value(s *Shape, x any, path string, p Protocol) {
	switch y := x.(type) {
	case Object:
		if s.Type == "structure" {
			v.structure(s, y, path, p)
			return
		}
		v.size(s, len(y), y, path, "have length")
		for _, k := range sortedKeys(y) {
			v.value(s.Key.Type(), k, path, p)
			v.value(s.Value.Type(), y[k], join(path, k), p)
		}
	case List:
		v.size(s, len(y), y, path, "have length")
		for i, e := range y {
			infix := ".member"
			if p == EC2 || s.Flattened {
				infix = ""
			}
			v.value(s.Member.Type(), e, fmt.Sprintf("%s.%d%s", path, i+1, infix), p)
		}
	case string:
		v.size(s, utf8.RuneCountInString(y), y, path, "have length")
		if s.pattern != nil && !s.pattern.MatchString(y) {
			v.add(y, path, "satisfy regular expression pattern: "+s.Pattern)
		}
		if len(s.Enum) > 0 && !slices.Contains(s.Enum, y) {
			v.add(y, path, "satisfy enum value set: ["+strings.Join(s.Enum, ", ")+"]")
		}
	case []byte:
		v.size(s, len(y), "(bytes)", path, "have length")
	case int64:
		v.number(s, float64(y), x, path)
	case float64:
		v.number(s, y, x, path)
	}
}

func (v *violations) size(s *Shape, n int, shown any, path, what string) {
	if s.Min != nil && float64(n) < *s.Min {
		v.add(shown, path, fmt.Sprintf("%s greater than or equal to %g", what, *s.Min))
	}
	if s.Max != nil && float64(n) > *s.Max {
		v.add(shown, path, fmt.Sprintf("%s less than or equal to %g", what, *s.Max))
	}
}

func (v *violations) number(s *Shape, n float64, shown any, path string) {
	if s.Min != nil && n < *s.Min {
		v.add(shown, path, fmt.Sprintf("have value greater than or equal to %g", *s.Min))
	}
	if s.Max != nil && n > *s.Max {
		v.add(shown, path, fmt.Sprintf("have value less than or equal to %g", *s.Max))
	}
}

// lowerFirst spells a model's name as validation messages and CloudTrail do.
func lowerFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}
