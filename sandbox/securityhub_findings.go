package sandbox

import (
	"maps"
	"slices"
	"strings"

	"riposte.dev/sandbox/wire"
)

// maxImported is how many findings a call imports
// (https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_BatchImportFindings.html).
const maxImported = 100

// requiredOfFindings are the members without which a finding is refused
// (https://docs.aws.amazon.com/securityhub/latest/userguide/asff-required-attributes.html).
var requiredOfFindings = []string{"AwsAccountId", "CreatedAt", "Description", "GeneratorId", "Id", "ProductArn", "Resources", "SchemaVersion", "Severity", "Title", "UpdatedAt"}

// importedProducts are the products of which a call imports findings.
func importedProducts(c *call) []string {
	var arns []string
	for _, f := range c.in.objects("Findings") {
		arns = append(arns, f.str("ProductArn"))
	}
	return arns
}

// batchImportFindings takes findings of the account's own product, each apart
// from the others. What customers keep in Workflow stays as it was.
func batchImportFindings(c *call) (wire.Object, error) {
	s, err := c.hub()
	if err != nil {
		return nil, err
	}
	findings := c.in.objects("Findings")
	if len(findings) == 0 || len(findings) > maxImported {
		return nil, wire.Errorf("InvalidInputException", "Invalid parameter 'Findings'. data must contain between 1 and %d items.", maxImported)
	}
	failed := []any{}
	taken := 0
	for _, f := range findings {
		if why := c.importable(f); why != "" {
			failed = append(failed, wire.Object{"Id": f.str("Id"), "ErrorCode": "InvalidInput", "ErrorMessage": why})
			continue
		}
		taken++
		s.take(f)
	}
	return wire.Object{"FailedCount": len(failed), "SuccessCount": taken, "FailedFindings": failed}, nil
}

// importable says why the finding is refused, "" where it is not.
func (c *call) importable(f input) string {
	for _, name := range requiredOfFindings {
		if !f.has(name) {
			return "Finding does not adhere to Amazon Finding Format. data must have required property '" + name + "'."
		}
	}
	switch {
	case f.str("ProductArn") != c.arn("product/"+c.account.id+"/default"):
		return "ProductArn does not belong to a product that the account may import findings of."
	case f.str("AwsAccountId") != c.account.id:
		return "AwsAccountId must be the account that imports the finding."
	case len(f.objects("Resources")) == 0:
		return "Finding does not adhere to Amazon Finding Format. data.Resources should NOT have fewer than 1 items."
	}
	return ""
}

func (s *securityhub) take(f input) {
	next := maps.Clone(wire.Object(f))
	i := slices.IndexFunc(s.findings, func(had wire.Object) bool { return input(had).str("Id") == f.str("Id") })
	s.findings = slices.Clone(s.findings)
	if i < 0 {
		if !f.has("RecordState") {
			next["RecordState"] = "ACTIVE"
		}
		s.findings = append(s.findings, next)
		return
	}
	had := s.findings[i]
	if strings.Compare(f.str("UpdatedAt"), input(had).str("UpdatedAt")) < 0 {
		return // it is older than what is there
	}
	for name, value := range had {
		if _, given := next[name]; !given || name == "Workflow" {
			next[name] = value
		}
	}
	s.findings[i] = next
}

// getFindings knows the filters Id and ProductArn, compared by EQUALS.
func getFindings(c *call) (wire.Object, error) {
	s, err := c.hub()
	if err != nil {
		return nil, err
	}
	var fitting []any
	for _, f := range s.findings {
		fits := true
		for _, name := range []string{"Id", "ProductArn"} {
			wanted := c.in.object("Filters").objects(name)
			fits = fits && (len(wanted) == 0 || slices.ContainsFunc(wanted, func(w input) bool { return w.str("Value") == input(f).str(name) }))
		}
		if fits {
			fitting = append(fitting, f)
		}
	}
	page, next, err := paginate(c, fitting, c.in.str("NextToken"), c.in.number("MaxResults", maxImported))
	if err != nil {
		return nil, wire.Errorf("InvalidInputException", "Invalid NextToken")
	}
	out := wire.Object{"Findings": list(page, func(f any) any { return f })}
	put(out, "NextToken", next)
	return out, nil
}
