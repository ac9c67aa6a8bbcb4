package finding_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"riposte.dev/conf"
	"riposte.dev/fault"
	"riposte.dev/finding"
)

// valid is a finding with only what is required; a test breaks a copy.
const valid = `{"SchemaVersion": "2018-10-08", "Id": "i-1", "GeneratorId": "g", "AwsAccountId": "111122223333",
  "ProductArn": "arn:aws:securityhub:eu-west-1:111122223333:product/111122223333/default",
  "CreatedAt": "2026-03-22T13:22:13Z", "UpdatedAt": "2026-03-22T13:22:13Z", "Title": "t", "Description": "d",
  "Severity": {"Label": "LOW"}, "Types": ["TTPs/Discovery"], "Resources": [{"Type": "Other", "Id": "r"}]}`

func TestValidateAccepts(t *testing.T) {
	for name, change := range map[string]string{
		"only what is required":           ``,
		"severity by number":              `"Severity": {"Normalized": 40}`,
		"severity from the provider":      `"Severity": null|"FindingProviderFields": {"Severity": {"Label": "HIGH"}}`,
		"a namespace alone":               `"Types": ["Effects"]`,
		"members that AWS added since":    `"Detection": {"Sequence": {}}`,
		"a long ARN as id":                `"Id": "arn:aws:x:` + strings.Repeat("y", 600) + `"`,
		"256 characters of 3 bytes":       `"Title": "` + strings.Repeat("語", 256) + `"`,
		"an AWS product's own account":    `"ProductArn": "arn:aws-us-gov:securityhub:us-gov-west-1::product/aws/guardduty"`,
		"a partition newer than botocore": `"Resources": [{"Type": "Other", "Id": "r", "Partition": "aws-us-iso"}]`,
	} {
		t.Run(name, func(t *testing.T) {
			if err := finding.ValidateJSON(changed(t, change)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestValidateSaysWhatToWrite(t *testing.T) {
	long := func(n int) string { return strings.Repeat("x", n) }
	for name, c := range map[string]struct{ change, path, says string }{
		"a missing member":        {`"Resources": null`, "Resources", "Resources is missing — write the resources that the finding is about, at least one {Type, Id}"},
		"a wrong type":            {`"Title": 7`, "Title", "Title is a number, not a text — write a text"},
		"a blank text":            {`"Title": " "`, "Title", "Title is blank — write a text or leave the member out"},
		"too long":                {`"Title": "` + long(257) + `"`, "Title", "Title has 257 characters — write at most 256"},
		"too long an id":          {`"Id": "` + long(513) + `"`, "Id", "Id has 513 characters — write at most 512"},
		"no such label":           {`"Severity": {"Label": "SEVERE"}`, "Severity.Label", `Severity.Label is "SEVERE", which is no value of it — write one of INFORMATIONAL, LOW, MEDIUM, HIGH, CRITICAL`},
		"no severity":             {`"Severity": {"Original": "5"}`, "Severity", "Severity has neither Label nor Normalized — write Label: INFORMATIONAL, LOW, MEDIUM, HIGH or CRITICAL"},
		"an old schema":           {`"SchemaVersion": "2017-01-01"`, "SchemaVersion", `SchemaVersion is "2017-01-01" — write "2018-10-08"`},
		"out of range":            {`"Confidence": 101`, "Confidence", "Confidence is 101 — write at most 100"},
		"a namespace of no one":   {`"Types": ["TTPs/x", "Threats/x"]`, "Types[1]", `Types[1] is "Threats/x" — write namespace/category/classifier, where the namespace is one of`},
		"a fourth level":          {`"Types": ["TTPs/a/b/c"]`, "Types[0]", `Types[0] is "TTPs/a/b/c"`},
		"no time":                 {`"UpdatedAt": "yesterday"`, "UpdatedAt", `UpdatedAt is "yesterday", which is no timestamp — write an RFC 3339 time such as 2026-03-22T13:22:13.933Z`},
		"a time with a space":     {`"LastObservedAt": "2026-03-22 13:22:13Z"`, "LastObservedAt", "which is no timestamp"},
		"updated before created":  {`"UpdatedAt": "2026-03-21T13:22:13Z"`, "UpdatedAt", "UpdatedAt is before CreatedAt"},
		"no account":              {`"AwsAccountId": "1234"|"ProductArn": "arn:aws:securityhub:eu-west-1::product/a/b"`, "AwsAccountId", `AwsAccountId is "1234" — write the 12 digits`},
		"no product's ARN":        {`"ProductArn": "acme"`, "ProductArn", `ProductArn is "acme" — write arn:PARTITION:securityhub`},
		"another account":         {`"AwsAccountId": "999999999999"`, "ProductArn", "ProductArn names the account 111122223333 but AwsAccountId is 999999999999"},
		"no resource":             {`"Resources": []`, "Resources", "Resources has 0 items — write at least 1"},
		"33 resources":            {`"Resources": [` + strings.Repeat(`{"Type": "Other", "Id": "r"},`, 32) + `{"Type": "Other", "Id": "r"}]`, "Resources", "Resources has 33 items — write at most 32"},
		"a resource without type": {`"Resources": [{"Id": "r"}]`, "Resources[0].Type", "Resources[0].Type is missing"},
		"a tag's length":          {`"Resources": [{"Type": "Other", "Id": "r", "Tags": {"a/b": "` + long(257) + `"}}]`, `Resources[0].Tags["a/b"]`, `Resources[0].Tags["a/b"] has 257 characters — write at most 256`},
		"too many fields":         {`"ProductFields": {` + members(51) + `}`, "ProductFields", "ProductFields has 51 members — write at most 50"},
		"a field's long key":      {`"ProductFields": {"` + long(129) + `": "v"}`, "ProductFields", "ProductFields has a key of 129 characters"},
		"a field that is no text": {`"ProductFields": {"n": 5}`, "ProductFields.n", "ProductFields.n is a number, not a text — write a text"},
		"an empty recommendation": {`"Remediation": {"Recommendation": {}}`, "Remediation.Recommendation", "Remediation.Recommendation is empty — write Text or Url, or leave it out"},
		"no address":              {`"Network": {"SourceIpV4": "1.2.3"}`, "Network.SourceIpV4", `Network.SourceIpV4 is "1.2.3", which is no IPv4 address`},
		"no port":                 {`"Network": {"SourcePort": 65536}`, "Network.SourcePort", "Network.SourcePort is 65536 — write at most 65535"},
		"a wrong type deep inside": {`"Resources": [{"Type": "AwsCloudTrailTrail", "Id": "r", "Details": {"AwsCloudTrailTrail": {"IsMultiRegionTrail": "yes"}}}]`,
			"Resources[0].Details.AwsCloudTrailTrail.IsMultiRegionTrail", "is a text, not true or false"},
	} {
		t.Run(name, func(t *testing.T) {
			err := finding.ValidateJSON(changed(t, c.change))
			var problems conf.Problems
			if !errors.As(err, &problems) || fault.CodeOf(err) != fault.Invalid {
				t.Fatalf("error %v", err)
			}
			if len(problems) != 1 || problems[0].Path != c.path || !strings.Contains(problems[0].String(), c.says) {
				t.Errorf("problems at %q:\n%v\nwant at %q:\n%s", problems[0].Path, problems, c.path, c.says)
			}
		})
	}
}

func TestValidateReportsEverythingAtOnce(t *testing.T) {
	err := finding.ValidateJSON([]byte(`{"Title": "t", "Severity": {"Label": 5}, "Types": ["x"]}`))
	var problems conf.Problems
	if !errors.As(err, &problems) {
		t.Fatalf("error %v", err)
	}
	var paths []string
	for _, p := range problems {
		paths = append(paths, p.Path)
	}
	want := []string{"SchemaVersion", "Id", "ProductArn", "GeneratorId", "AwsAccountId", "CreatedAt", "UpdatedAt", "Description", "Resources", "Severity.Label", "Types[0]"}
	sorted := cmp.Transformer("set", func(s []string) map[string]bool {
		set := map[string]bool{}
		for _, x := range s {
			set[x] = true
		}
		return set
	})
	if diff := cmp.Diff(want, paths, sorted); diff != "" {
		t.Error(diff)
	}
}

func TestValidateRefusesWhatIsNoFinding(t *testing.T) {
	for name, c := range map[string]struct {
		raw  string
		code fault.Code
	}{
		"not JSON":  {`{`, fault.Invalid},
		"doubled":   {strings.Replace(valid, `{"Sch`, `{"Id": "i-2", "Sch`, 1), fault.Invalid},
		"too large": {`{"Title": "` + strings.Repeat("x", finding.MaxBytes) + `"}`, fault.TooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			if err := finding.ValidateJSON([]byte(c.raw)); fault.CodeOf(err) != c.code {
				t.Errorf("error %v, want code %s", err, c.code)
			}
		})
	}
}

// changed returns valid with members replaced: `"A": 1|"B": 2`; a null takes the member away.
func changed(t *testing.T, change string) []byte {
	t.Helper()
	raw, err := patch([]byte(valid), change)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func members(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf(`"k%d": "v"`, i)
	}
	return strings.Join(list, ",")
}
