package target

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"riposte.dev/fault"
)

// The variables that need no path
// (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html#eb-transform-input-predefined).
const (
	varRuleARN   = "aws.events.rule-arn"
	varRuleName  = "aws.events.rule-name"
	varIngestion = "aws.events.event.ingestion-time"
	varEvent     = "aws.events.event"      // without its detail
	varEventJSON = "aws.events.event.json" // all of it; only in a template that is a JSON object
)

var predefined = []string{varRuleARN, varRuleName, varIngestion, varEvent, varEventJSON}

// part is a piece of a template: text, or a variable.
type part struct {
	text     string
	variable string
	quoted   bool // the variable stands within a JSON string
}

// template is an input template in parts.
type template struct {
	parts []part
	json  bool // an object or a list; otherwise lines of text, each in quotes
}

const maxTemplate = 8192 // characters

// parseTemplate reads an input template. What lies between < and the next > is a variable; EventBridge knows no way to
// escape them. Where the variable stands outside of quotes its value is inserted as JSON, within quotes as text.
func parseTemplate(text string) (*template, error) {
	if text == "" || len([]rune(text)) > maxTemplate {
		return nil, fault.New(fault.Invalid, "an input template has 1 to %d characters", maxTemplate)
	}
	start := strings.TrimLeft(text, " \t\r\n")
	t := &template{json: strings.HasPrefix(start, "{") || strings.HasPrefix(start, "[")}
	quoted, begin := false, 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			if quoted {
				i++
			}
		case '"':
			quoted = !quoted
		case '<':
			end := strings.IndexByte(text[i:], '>')
			if end < 0 {
				continue // a sign like any other
			}
			t.add(part{text: text[begin:i]})
			t.add(part{variable: text[i+1 : i+end], quoted: quoted})
			i += end
			begin = i + 1
		}
	}
	t.add(part{text: text[begin:]})
	return t, t.check(text)
}

func (t *template) add(p part) {
	if p != (part{}) {
		t.parts = append(t.parts, p)
	}
}

// stand is put in place of a variable within quotes when the template's form is checked; Unicode reserves it for such use.
const stand = "\uFDD0"

// check finds out whether the template is JSON once its variables have values: one object or list, or lines of text in
// quotes. Its error says where it is not.
func (t *template) check(text string) error {
	var filled bytes.Buffer
	for _, p := range t.parts {
		switch {
		case p.variable == "" && p.text == "":
			return fault.New(fault.Invalid, "the template has a variable without a name")
		case p.variable == "":
			filled.WriteString(p.text)
		case p.quoted:
			filled.WriteString(stand)
		default:
			filled.WriteString("null")
		}
	}
	dec := jsontext.NewDecoder(&filled, jsontext.AllowDuplicateNames(true))
	for values := 0; ; {
		token, err := dec.ReadToken()
		kind, length := dec.StackIndex(dec.StackDepth())
		switch {
		case errors.Is(err, io.EOF) && values > 0:
			return nil
		case err != nil:
			return t.wrong(text, err)
		case kind == '{' && length%2 == 1 && strings.Contains(token.String(), stand):
			return fault.New(fault.Invalid, "the placeholder cannot be used as an object key").WithHint("write the key out")
		}
		if dec.StackDepth() == 0 {
			if values++; values > 1 && t.json {
				return fault.New(fault.Invalid, "after the template's object or list comes more").WithHint("a template is one object, one list, or lines of text in quotes")
			}
		}
	}
}

// wrong turns the decoder's complaint into one about the template.
func (t *template) wrong(text string, err error) error {
	var syntactic *jsontext.SyntacticError
	if errors.As(err, &syntactic) {
		err = syntactic.Err
	}
	hint := "text stands in double quotes, every line of it: \"<who> did it\""
	if t.json {
		hint = "with every variable outside of quotes replaced by null, the template has to be JSON"
	}
	return fault.New(fault.Invalid, "%s", fmt.Sprint(err)).WithHint("%s", hint)
}

// variables returns the names that the template uses, each once.
func (t *template) variables() []string {
	var names []string
	seen := map[string]bool{}
	for _, p := range t.parts {
		if p.variable != "" && !seen[p.variable] {
			seen[p.variable] = true
			names = append(names, p.variable)
		}
	}
	return names
}
