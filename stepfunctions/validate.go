package stepfunctions

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"riposte.dev/asl"
	"riposte.dev/conf"
)

// Codes of diagnostics.
const (
	notJSON    = "INVALID_JSON_DESCRIPTION"
	notSchema  = "SCHEMA_VALIDATION_FAILED"
	notRunning = "RESOURCE_NOT_SUPPORTED" // the definition is right, and riposte lacks what it asks for
)

// diagnostic is a mistake of a definition.
type diagnostic struct {
	Severity string `json:"severity"`
	Code     string `json:"code"`
	Message  string `json:"message"`
	Location string `json:"location,omitempty"` // a JSON pointer
}

// diagnose reads a definition and reports every mistake in it.
func (h *Handler) diagnose(definition string) (*asl.Machine, []diagnostic) {
	if at, err := syntax(definition); err != nil {
		return nil, []diagnostic{{"ERROR", notJSON, at + ": " + err.Error(), "/"}}
	}
	machine, err := asl.Parse("", []byte(definition))
	if err != nil {
		return nil, diagnostics(err, notSchema)
	}
	return machine, diagnostics(h.Check(machine), notRunning)
}

// syntax reports whether a text is JSON, and where not.
func syntax(text string) (at string, err error) {
	var raw json.RawMessage
	err = json.Unmarshal([]byte(text), &raw)
	var wrong *json.SyntaxError
	if !errors.As(err, &wrong) {
		return "", err
	}
	before := text[:min(int(wrong.Offset), len(text))]
	line := strings.Count(before, "\n") + 1
	return fmt.Sprintf("%d:%d", line, len(before)-strings.LastIndexByte(before, '\n')-1), err
}

func diagnostics(err error, code string) []diagnostic {
	if err == nil {
		return nil
	}
	var problems conf.Problems
	if !errors.As(err, &problems) {
		return []diagnostic{{"ERROR", code, err.Error(), ""}}
	}
	var list []diagnostic
	for _, p := range problems {
		message := p.Message
		if p.Line > 0 {
			message = fmt.Sprintf("%d:%d: %s", p.Line, p.Col, message)
		}
		if p.Hint != "" {
			message += " — " + p.Hint
		}
		list = append(list, diagnostic{"ERROR", code, message, pointer(p.Path)})
	}
	return list
}

// pointer makes a JSON pointer of a path such as States.Par.Branches[0].States["a b"].Next.
func pointer(path string) string {
	var b strings.Builder
	add := func(name string) {
		b.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name))
	}
	for path != "" {
		switch {
		case path[0] == '.':
			path = path[1:]
		case strings.HasPrefix(path, `["`):
			quoted, err := strconv.QuotedPrefix(path[1:])
			if err != nil {
				add(path)
				return b.String()
			}
			name, _ := strconv.Unquote(quoted) // QuotedPrefix has checked it
			add(name)
			path = strings.TrimPrefix(path[1+len(quoted):], "]")
		case path[0] == '[':
			index, rest, _ := strings.Cut(path[1:], "]")
			add(index)
			path = rest
		default:
			end := strings.IndexAny(path, ".[")
			if end < 0 {
				end = len(path)
			}
			add(path[:end])
			path = path[end:]
		}
	}
	if b.Len() == 0 {
		return "/"
	}
	return b.String()
}

// read returns the machine of a definition, or InvalidDefinition with all that is wrong.
func (h *Handler) read(definition string) (*asl.Machine, error) {
	machine, wrong := h.diagnose(definition)
	if len(wrong) == 0 {
		return machine, nil
	}
	var texts []string
	for _, d := range wrong {
		texts = append(texts, fmt.Sprintf("'%s: %s at %s'", d.Code, d.Message, d.Location))
	}
	return nil, refuse("InvalidDefinition", "Invalid State Machine Definition: %s", strings.Join(texts, ", "))
}

type validateInput struct {
	Definition string `json:"definition"`
	Type       string `json:"type"`
	Severity   string `json:"severity"`
	MaxResults int    `json:"maxResults"`
}

type validateOutput struct {
	Result      string       `json:"result"`
	Diagnostics []diagnostic `json:"diagnostics"`
	Truncated   bool         `json:"truncated"`
}

// mostDiagnostics bounds what is answered, as AWS does.
const mostDiagnostics = 100

func (h *Handler) validate(_ context.Context, _ Caller, in validateInput) (any, error) {
	if err := check(member{"definition", in.Definition, true, asl.MaxDefinition}); err != nil {
		return nil, err
	}
	if in.MaxResults < 0 || in.MaxResults > mostDiagnostics {
		return nil, refuse("ValidationException", "1 validation error detected: Value '%d' at 'maxResults' failed to satisfy constraint: Member must be from 0 to %d", in.MaxResults, mostDiagnostics)
	}
	most := in.MaxResults
	if most == 0 {
		most = mostDiagnostics
	}
	_, wrong := h.diagnose(in.Definition)
	out := validateOutput{Result: "OK", Diagnostics: append([]diagnostic{}, wrong[:min(len(wrong), most)]...), Truncated: len(wrong) > most}
	if len(wrong) > 0 {
		out.Result = "FAIL"
	}
	return out, nil
}
