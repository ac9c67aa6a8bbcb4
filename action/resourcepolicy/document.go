// Package resourcepolicy is what the actions on policies of resources share: it finds the statements that let everybody in, takes
// them out and leaves every other byte as it is, and tells whether two policies say the same.
//
// Start at [Parse], or at [NewRemoval], which makes a whole action for a service that has such policies.
package resourcepolicy

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"riposte.dev/fault"
)

// maxPolicy is more than any service takes, in bytes: 100 KiB are OpenSearch's limit
// (https://docs.aws.amazon.com/opensearch-service/latest/developerguide/limits.html).
const maxPolicy = 128 << 10

// Document is the text of a policy and where its statements are in it.
type Document struct {
	text       string
	statements []span
	list       bool // Statement is a list, not one statement by itself
}

type span struct{ from, to int }

// Parse finds the statements. A text that is no policy is fault.Invalid with a hint, one longer than any policy fault.TooLarge.
func Parse(text string) (Document, error) {
	d := Document{text: text}
	if len(text) > maxPolicy {
		return d, fault.New(fault.TooLarge, "the policy has %d bytes, over the limit of %d", len(text), maxPolicy)
	}
	if err := d.scan(jsontext.NewDecoder(strings.NewReader(text))); err != nil {
		return d, fault.New(fault.Invalid, "the policy is not a JSON object with statements: %w", err).
			WithHint(`a policy looks like {"Version":"2012-10-17","Statement":[…]}`)
	}
	return d, nil
}

func (d *Document) scan(dec *jsontext.Decoder) error {
	if kind := dec.PeekKind(); kind != '{' {
		return fmt.Errorf("it begins with %v", kind)
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	found := false
	for dec.PeekKind() == '"' {
		name, err := dec.ReadToken()
		if err != nil {
			return err
		}
		if name.String() != "Statement" {
			if err := dec.SkipValue(); err != nil {
				return err
			}
			continue
		}
		found = true
		if err := d.scanStatements(dec); err != nil {
			return err
		}
	}
	if _, err := dec.ReadToken(); err != nil { // the object's end
		return err
	}
	if _, err := dec.ReadToken(); err != io.EOF { //nolint:errorlint // the decoder says it plainly
		return fmt.Errorf("text after its end")
	}
	if !found {
		return fmt.Errorf("it has no Statement")
	}
	return nil
}

func (d *Document) scanStatements(dec *jsontext.Decoder) error {
	if d.list = dec.PeekKind() == '['; d.list {
		if _, err := dec.ReadToken(); err != nil {
			return err
		}
	}
	for dec.PeekKind() == '{' {
		value, err := dec.ReadValue()
		if err != nil {
			return err
		}
		to := int(dec.InputOffset())
		d.statements = append(d.statements, span{to - len(value), to})
		if !d.list {
			return nil
		}
	}
	if !d.list {
		return fmt.Errorf("its Statement is neither an object nor a list")
	}
	_, err := dec.ReadToken() // the list's end
	return err
}

// Statements reads all statements, in order.
func (d Document) Statements() ([]Statement, error) {
	out := make([]Statement, 0, len(d.statements))
	for i := range d.statements {
		s, err := d.statement(i)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

func (d Document) statement(i int) (Statement, error) {
	var s Statement
	at := d.statements[i]
	if err := json.Unmarshal([]byte(d.text[at.from:at.to]), &s); err != nil {
		return s, fault.New(fault.Invalid, "statement %d of the policy cannot be read: %w", i+1, err)
	}
	s.Number = i + 1
	return s, nil
}

// Without returns the text without the statements at the indexes; every byte of the rest is as it was. It is "" where no
// statement is left.
func (d Document) Without(indexes []int) string {
	var out strings.Builder
	kept := 0
	for i, at := range d.statements {
		if slices.Contains(indexes, i) {
			continue
		}
		switch {
		case kept == 0:
			out.WriteString(d.text[:d.statements[0].from])
		default:
			out.WriteString(d.text[d.statements[i-1].to:at.from]) // the comma and what is around it
		}
		out.WriteString(d.text[at.from:at.to])
		kept++
	}
	if kept == 0 {
		return ""
	}
	return out.String() + d.text[d.statements[len(d.statements)-1].to:]
}

// With returns the text with a statement more at the end; every byte of the rest is as it was, but that a statement which
// stands by itself becomes the first of a list. A policy without statements is fault.Invalid.
func (d Document) With(statement string) (string, error) {
	if len(d.statements) == 0 {
		return "", fault.New(fault.Invalid, "the policy has no statement").WithHint("delete it, or write it anew")
	}
	first, last := d.statements[0], d.statements[len(d.statements)-1]
	if !d.list {
		return d.text[:first.from] + "[" + d.text[first.from:first.to] + "," + statement + "]" + d.text[first.to:], nil
	}
	return d.text[:last.to] + "," + statement + d.text[last.to:], nil
}
