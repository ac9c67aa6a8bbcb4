package finding

import (
	"bytes"
	"cmp"
	_ "embed" // the schemas below
	"fmt"
	"slices"
	"strconv"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"riposte.dev/conf"
	"riposte.dev/fault"
)

// modelSchema is what AWS's API model says, without the details of resources, which detailsSchema has; limitsSchema is what only
// AWS's user guide says, on top of the model.
var (
	//go:embed schema/asff.json
	modelSchema []byte
	//go:embed schema/details.json
	detailsSchema []byte
	//go:embed schema/limits.json
	limitsSchema []byte
)

// Compiled schemas are held from their first use on. The details of resources are nine tenths of the model, 3 MB and 0.1 s, and
// riposte's own findings have none.
var (
	compiled = sync.OnceValues(func() (*jsonschema.Schema, error) {
		return compile("limits.json", map[string][]byte{"asff.json": modelSchema, "limits.json": limitsSchema})
	})
	compiledDetails = sync.OnceValues(func() (*jsonschema.Schema, error) {
		return compile("details.json", map[string][]byte{"details.json": detailsSchema})
	})
)

func compile(root string, texts map[string][]byte) (*jsonschema.Schema, error) {
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	for name, text := range texts {
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			return nil, fmt.Errorf("embedded schema %s: %w", name, err)
		}
		if err := c.AddResource(schemaBase+name, doc); err != nil {
			return nil, fmt.Errorf("embedded schema %s: %w", name, err)
		}
	}
	s, err := c.Compile(schemaBase + root)
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
	inDetails, err := detailsProblems(doc, how)
	if err != nil {
		return err
	}
	problems = append(problems, inDetails...)
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

// detailsProblems checks what the finding's resources are like in detail.
func detailsProblems(doc any, how strictness) ([]conf.Problem, error) {
	var problems []conf.Problem
	members, _ := doc.(map[string]any)
	resources, _ := members["Resources"].([]any)
	for i, r := range resources {
		resource, _ := r.(map[string]any)
		details, _ := resource["Details"].(map[string]any) // what is no object has been reported
		if len(details) == 0 {
			continue
		}
		schema, err := compiledDetails()
		if err != nil {
			return nil, err
		}
		more, err := schemaProblems(schema.Validate(details), how, "Resources", strconv.Itoa(i), "Details")
		if err != nil {
			return nil, err
		}
		problems = append(problems, more...)
	}
	return problems, nil
}
