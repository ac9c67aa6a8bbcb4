package finding

import (
	"bytes"
	"cmp"
	_ "embed" // the schemas below
	"fmt"
	"slices"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"riposte.dev/conf"
	"riposte.dev/fault"
)

// modelSchema is what AWS's API model says; limitsSchema is what only AWS's user guide says, on top of it.
var (
	//go:embed schema/asff.json
	modelSchema []byte
	//go:embed schema/limits.json
	limitsSchema []byte
)

// compiled holds the schema from its first use on: compiling takes about 0.1 s and 3 MB.
var compiled = sync.OnceValues(compile)

func compile() (*jsonschema.Schema, error) {
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	for name, text := range map[string][]byte{"asff.json": modelSchema, "limits.json": limitsSchema} {
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			return nil, fmt.Errorf("embedded schema %s: %w", name, err)
		}
		if err := c.AddResource(schemaBase+name, doc); err != nil {
			return nil, fmt.Errorf("embedded schema %s: %w", name, err)
		}
	}
	s, err := c.Compile(schemaBase + "limits.json")
	if err != nil {
		return nil, fmt.Errorf("embedded schema: %w", err)
	}
	return s, nil
}

// schemaBase makes the schemas' names absolute; nothing is fetched from there.
const schemaBase = "https://riposte.dev/finding/"

// Validate reports everything for which BatchImportFindings would refuse the finding, as conf.Problems with the path of
// each member and what to write instead; its code is fault.Invalid. Checked are the API model's types, required members
// and enumerations, the limits of the Security Hub user guide, and the rules between members. Members that the model does
// not know are let through: AWS adds some often.
func Validate(f Finding) error { return f.validate(strict) }

func (f Finding) validate(how strictness) error {
	raw, err := f.MarshalJSON()
	if err != nil {
		return fault.New(fault.Invalid, "finding %s cannot be written as JSON: %w", f.ID, err)
	}
	return validate(raw, how)
}

// ValidateJSON is Validate for a finding that is still text. What is no JSON at all, has a doubled member, or is larger
// than MaxBytes, is refused as Parse does.
func ValidateJSON(raw []byte) error { return validate(raw, strict) }

// strictness says whose findings are checked.
type strictness bool

const (
	strict  strictness = true  // one to be sent to AWS
	lenient strictness = false // one that may come from AWS; see tolerable
)

func validate(raw []byte, how strictness) error {
	if len(raw) > MaxBytes {
		_, err := Parse(raw)
		return err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return fault.New(fault.Invalid, "finding is not JSON: %w", err)
	}
	schema, err := compiled()
	if err != nil {
		return err
	}
	problems, err := schemaProblems(schema.Validate(doc), how)
	if err != nil {
		return err
	}
	f, err := Parse(raw)
	if err != nil && len(problems) == 0 {
		return err // a doubled member, which the schema cannot see
	}
	if err == nil {
		problems = append(problems, ruleProblems(f)...)
	}
	slices.SortFunc(problems, func(a, b conf.Problem) int { return cmp.Compare(a.Path, b.Path) })
	return conf.Problems(problems).Err()
}
