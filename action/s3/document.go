package s3

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"riposte.dev/fault"
)

// maxPolicy is the longest policy that S3 takes, in bytes
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/add-bucket-policy.html).
const maxPolicy = 20 << 10

// document is the text of a bucket policy and where its statements are in it.
type document struct {
	text       string
	statements []span
	list       bool // Statement is a list, not one statement by itself
}

type span struct{ from, to int }

// parseDocument finds the statements. A text that is no policy is fault.Invalid.
func parseDocument(text string) (document, error) {
	d := document{text: text}
	if len(text) > maxPolicy {
		return d, fault.New(fault.TooLarge, "the policy has %d bytes, over S3's limit of %d", len(text), maxPolicy)
	}
	if err := d.scan(jsontext.NewDecoder(strings.NewReader(text))); err != nil {
		return d, fault.New(fault.Invalid, "the policy is not a JSON object with statements: %w", err).
			WithHint(`a policy looks like {"Version":"2012-10-17","Statement":[…]}`)
	}
	return d, nil
}

func (d *document) scan(dec *jsontext.Decoder) error {
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

func (d *document) scanStatements(dec *jsontext.Decoder) error {
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

// statement reads the statement at the index.
func (d document) statement(i int) (statement, error) {
	var s statement
	at := d.statements[i]
	if err := json.Unmarshal([]byte(d.text[at.from:at.to]), &s); err != nil {
		return s, fault.New(fault.Invalid, "statement %d of the policy cannot be read: %w", i+1, err)
	}
	s.number = i + 1
	return s, nil
}

// without returns the text without the statements at the indexes; every byte of the rest is as it was. It is "" where no
// statement is left.
func (d document) without(indexes []int) string {
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
