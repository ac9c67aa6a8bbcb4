package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// reshape says what of an event a target gets
// (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html).
// The zero value is the whole event.
type reshape struct {
	fixed    string
	path     string
	paths    map[string]string // of the variables in template
	template string
}

// variable is a placeholder of a template.
var variable = regexp.MustCompile(`<([A-Za-z0-9_.-]+)>`)

// Variables that every template has.
const (
	varRuleARN   = "aws.events.rule-arn"
	varRuleName  = "aws.events.rule-name"
	varIngestion = "aws.events.event.ingestion-time"
	varEvent     = "aws.events.event" // without detail
	varEventJSON = "aws.events.event.json"
)

func parseReshape(t input) (reshape, error) {
	r := reshape{fixed: t.str("Input"), path: t.str("InputPath")}
	if r.fixed != "" && !json.Valid([]byte(r.fixed)) {
		return r, fmt.Errorf("Input is not valid JSON.") //nolint:staticcheck // AWS's words
	}
	if r.path != "" {
		if _, err := jsonPath(r.path); err != nil {
			return r, err
		}
	}
	transformer := t.object("InputTransformer")
	if transformer == nil {
		return r, nil
	}
	r.template, r.paths = transformer.str("InputTemplate"), map[string]string{}
	for name := range transformer.object("InputPathsMap") {
		r.paths[name] = transformer.object("InputPathsMap").str(name)
		if strings.HasPrefix(lower(name), "aws") {
			return r, fmt.Errorf("InputPathsMap: the name %s is reserved.", name) //nolint:staticcheck // AWS's words
		}
		if _, err := jsonPath(r.paths[name]); err != nil {
			return r, err
		}
	}
	for _, m := range variable.FindAllStringSubmatch(r.template, -1) {
		switch name := m[1]; name {
		case varRuleARN, varRuleName, varIngestion, varEvent, varEventJSON:
		default:
			if _, known := r.paths[name]; !known {
				return r, fmt.Errorf("InputTemplate has the placeholder %s, which InputPathsMap doesn't define.", m[0]) //nolint:staticcheck // AWS's words
			}
		}
	}
	return r, nil
}

var pathStep = regexp.MustCompile(`^(?:\.([A-Za-z0-9_-]+)|\['([^']+)'\]|\[(\d{1,6})\])`)

// jsonPath takes a path apart: names are strings, indexes are ints.
func jsonPath(path string) ([]any, error) {
	rest, ok := strings.CutPrefix(path, "$")
	var steps []any
	for ok && rest != "" {
		m := pathStep.FindStringSubmatch(rest)
		switch {
		case m == nil:
			ok = false
			continue
		case m[3] != "":
			n, err := strconv.Atoi(m[3])
			if err != nil {
				return nil, fmt.Errorf("Invalid JSON path %s.", path) //nolint:staticcheck // AWS's words
			}
			steps = append(steps, n)
		default:
			steps = append(steps, m[1]+m[2])
		}
		rest = rest[len(m[0]):]
	}
	if !ok {
		return nil, fmt.Errorf("Invalid JSON path %s.", path) //nolint:staticcheck // AWS's words
	}
	return steps, nil
}

// at is the value that a path leads to.
func at(event map[string]any, path string) (any, bool) {
	steps, err := jsonPath(path)
	if err != nil {
		return nil, false
	}
	var v any = event
	for _, s := range steps {
		switch step := s.(type) {
		case string:
			o, _ := v.(map[string]any)
			inner, ok := o[step]
			if !ok {
				return nil, false
			}
			v = inner
		case int:
			list, _ := v.([]any)
			if step >= len(list) {
				return nil, false
			}
			v = list[step]
		}
	}
	return v, true
}

// apply is what the target gets.
func (r reshape) apply(e *arrived, rule *eventRule) []byte {
	switch {
	case r.fixed != "":
		return []byte(r.fixed)
	case r.path != "":
		v, _ := at(e.decoded, r.path)
		return compactJSON(v)
	case r.template == "":
		return e.text
	}
	value := func(name string) (any, bool) {
		switch name {
		case varRuleARN:
			return rule.arn, true
		case varRuleName:
			return rule.name, true
		case varIngestion:
			return e.ingested.UTC().Format("2006-01-02T15:04:05Z"), true
		case varEventJSON:
			return e.decoded, true
		case varEvent:
			short := map[string]any{}
			for k, v := range e.decoded {
				if k != "detail" {
					short[k] = v
				}
			}
			return short, true
		}
		return at(e.decoded, r.paths[name])
	}
	return []byte(fill(r.template, value))
}

// fill puts values into a template: as JSON, or without quotes of their own
// inside of quoted text. What isn't there is empty.
func fill(template string, value func(name string) (any, bool)) string {
	var out strings.Builder
	quoted, last := false, 0
	for _, m := range variable.FindAllStringSubmatchIndex(template, -1) {
		before := template[last:m[0]]
		quoted = quoted != oddQuotes(before)
		out.WriteString(before)
		last = m[1]
		v, there := value(template[m[2]:m[3]])
		if !there {
			if !quoted {
				out.WriteString(`""`)
			}
			continue
		}
		text := string(compactJSON(v))
		if quoted {
			if _, isText := v.(string); isText {
				text = text[1 : len(text)-1]
			} else {
				text = strings.ReplaceAll(strings.ReplaceAll(text, `\`, `\\`), `"`, `\"`)
			}
		}
		out.WriteString(text)
	}
	out.WriteString(template[last:])
	return out.String()
}

// oddQuotes says whether a piece of a template opens or closes quotes.
func oddQuotes(s string) bool {
	n := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			n++
		}
	}
	return n%2 == 1
}

// compactJSON spells a decoded value as EventBridge does: no escapes for HTML.
func compactJSON(v any) []byte {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return []byte("null") // decoded JSON always has a form
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n"))
}
