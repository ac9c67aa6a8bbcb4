package target

import (
	"bytes"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"riposte.dev/fault"
)

// Input is what a target is sent, compiled. It is safe for concurrent use.
type Input struct {
	constant []byte
	paths    paths
	path     int // slot of the input path, -1 without one
	template *template
	slots    map[string]int // of the template's variables
}

// Context is what an input is made of.
type Context struct {
	Event    []byte // one JSON object
	RuleName string
	RuleARN  string
	Ingested time.Time // when riposte took the event in
}

// NewInput compiles the input of a target. Its error has code fault.Invalid; Check says it better.
func NewInput(c *Config) (*Input, error) {
	in := &Input{path: -1}
	var err error
	switch {
	case c.Input != "":
		in.constant = []byte(c.Input)
	case c.InputPath != "":
		in.path, err = in.paths.add(c.InputPath)
	case c.InputTransformer != nil:
		if in.template, err = parseTemplate(c.InputTransformer.InputTemplate); err != nil {
			return nil, err
		}
		in.slots = map[string]int{}
		for _, name := range in.template.variables() {
			if slices.Contains(predefined, name) {
				continue
			}
			path, ok := c.InputTransformer.InputPathsMap[name]
			if !ok {
				return nil, fault.New(fault.Invalid, invalidPlaceholder, c.ID, name)
			}
			if in.slots[name], err = in.paths.add(path); err != nil {
				return nil, err
			}
		}
	}
	if err != nil {
		return nil, err
	}
	return in, nil
}

// Render returns the input for an event: the whole event where the target says nothing, its constant, the value at its
// path, or its template filled. A path that leads nowhere is, in a template, an empty text. Values come as they are, as
// EventBridge has it: within quotes they are not escaped, so that one with a quote mark can make the result something
// else than JSON.
//
// Its error has code fault.Invalid and the dead-letter code INVALID_JSON, where the result is no JSON though the template
// is one, or INVALID_PARAMETER, where the input path leads nowhere.
func (in *Input) Render(ctx Context) ([]byte, error) {
	if in.constant != nil {
		return in.constant, nil
	}
	found, err := in.paths.find(ctx.Event)
	switch {
	case err != nil:
		return nil, Coded(invalidJSON, err)
	case in.template != nil:
		return in.fill(ctx, found)
	case in.path < 0:
		return compact(ctx.Event)
	case found[in.path] == nil:
		return nil, Coded(invalidParameter, fault.New(fault.Invalid, "the input path leads nowhere in the event").
			WithHint("use an input_transformer, in which a value that is not there is an empty text"))
	}
	return compact(found[in.path])
}

func compact(value []byte) ([]byte, error) {
	v := jsontext.Value(bytes.Clone(value))
	if err := v.Compact(jsontext.AllowDuplicateNames(true)); err != nil {
		return nil, Coded(invalidJSON, fault.New(fault.Invalid, "the input is not JSON: %w", err))
	}
	return v, nil
}

// fill puts the values in the template.
func (in *Input) fill(ctx Context, found [][]byte) ([]byte, error) {
	size := 0
	for _, p := range in.template.parts {
		size += len(p.text) + 32
	}
	out := make([]byte, 0, size)
	for _, p := range in.template.parts {
		if p.variable == "" {
			out = append(out, p.text...)
			continue
		}
		value, err := in.variable(ctx, found, p.variable)
		if err != nil {
			return nil, err
		}
		if out, err = p.insert(out, value, in.template.json); err != nil {
			return nil, err
		}
	}
	if !in.template.json {
		return out, nil
	}
	v := jsontext.Value(out)
	if err := v.Compact(jsontext.AllowDuplicateNames(true)); err != nil {
		return nil, Coded(invalidJSON, fault.New(fault.Invalid, "with this event's values the input template is not JSON: %w", err).
			WithHint("write variables outside of quotes: their values are then escaped"))
	}
	return v, nil
}

// variable returns a variable's value as JSON, nil where there is none.
func (in *Input) variable(ctx Context, found [][]byte, name string) ([]byte, error) {
	switch name {
	case varRuleARN:
		return quote(ctx.RuleARN), nil
	case varRuleName:
		return quote(ctx.RuleName), nil
	case varIngestion:
		return quote(ctx.Ingested.UTC().Format("2006-01-02T15:04:05Z")), nil
	case varEvent:
		return withoutDetail(ctx.Event)
	case varEventJSON:
		return ctx.Event, nil
	default:
		return found[in.slots[name]], nil
	}
}

func quote(s string) []byte {
	quoted, _ := jsontext.AppendQuote(nil, s) // invalid UTF-8 is replaced
	return quoted
}

// insert appends a value. Outside of quotes it is JSON. Within them a text comes without its quotes, and in a text
// template an object or a list without any, as EventBridge does.
func (p part) insert(out, value []byte, json bool) ([]byte, error) {
	switch {
	case value == nil && p.quoted:
		return out, nil
	case value == nil:
		return append(out, `""`...), nil
	case !p.quoted && json:
		return append(out, value...), nil // the whole is minified
	case p.quoted && value[0] == '"':
		text, err := jsontext.AppendUnquote(out, value)
		if err != nil {
			return nil, Coded(invalidJSON, fault.New(fault.Invalid, "a value of the event is no text: %w", err))
		}
		return text, nil
	}
	value, err := compact(value)
	if p.quoted && !json {
		value = bytes.ReplaceAll(value, []byte{'"'}, nil)
	}
	return append(out, value...), err
}

// withoutDetail is what <aws.events.event> stands for: the envelope without its detail, with detail-type as detailType.
func withoutDetail(event []byte) ([]byte, error) {
	var out bytes.Buffer
	dec := jsontext.NewDecoder(bytes.NewBuffer(event), jsontext.AllowDuplicateNames(true))
	enc := jsontext.NewEncoder(&out, jsontext.AllowDuplicateNames(true))
	copyAll := func() error {
		if _, err := dec.ReadToken(); err != nil {
			return err
		}
		if err := enc.WriteToken(jsontext.BeginObject); err != nil {
			return err
		}
		for dec.PeekKind() != '}' {
			name, err := dec.ReadToken()
			if err != nil {
				return err
			}
			key := name.String()
			value, err := dec.ReadValue()
			switch {
			case err != nil:
				return err
			case key == "detail":
				continue
			case key == "detail-type":
				key = "detailType"
			}
			if err := enc.WriteToken(jsontext.String(key)); err != nil {
				return err
			}
			if err := enc.WriteValue(value); err != nil {
				return err
			}
		}
		return enc.WriteToken(jsontext.EndObject)
	}
	if err := copyAll(); err != nil {
		return nil, Coded(invalidJSON, fault.New(fault.Invalid, "the event is not a JSON object: %w", err))
	}
	return bytes.TrimRight(out.Bytes(), "\n"), nil
}

// Lookup returns the text at a path of an event, for parameters that EventBridge takes from it ("dynamic path
// parameters"); a number or a boolean as it is written. Its error has code fault.Invalid where there is none.
func Lookup(path string, event []byte) (string, error) {
	var p paths
	if _, err := p.add(path); err != nil {
		return "", err
	}
	found, err := p.find(event)
	if err != nil {
		return "", err
	}
	value := found[0]
	if value == nil || value[0] == '{' || value[0] == '[' {
		return "", fault.New(fault.Invalid, "the event has no text at %s", path)
	}
	if value[0] != '"' {
		return string(value), nil
	}
	text, err := jsontext.AppendUnquote(nil, value)
	return string(text), err
}
