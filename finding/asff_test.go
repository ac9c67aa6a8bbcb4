package finding_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"riposte.dev/fault"
	"riposte.dev/finding"
)

// whole has a member of each kind that this package has a field for, and one without a field at every level.
const whole = `{
  "SchemaVersion": "2018-10-08", "Id": "i-1", "ProductArn": "arn:aws:securityhub:eu-west-1::product/acme/scanner",
  "GeneratorId": "check-7", "AwsAccountId": "111122223333", "Types": ["TTPs/Discovery"],
  "CreatedAt": "2026-03-22T13:22:13.933Z", "UpdatedAt": "2026-03-22T13:22:13.933+00:00",
  "Severity": {"Label": "HIGH", "Product": 8.5, "Normalized": 70}, "Confidence": 0,
  "Title": "t", "Description": "d", "Remediation": {"Recommendation": {"Text": "do", "Later": [1]}, "Later": {}},
  "ProductFields": {"a/b": "c"}, "UserDefinedFields": {},
  "Resources": [{"Type": "AwsEc2Instance", "Id": "arn:aws:ec2:eu-west-1:111122223333:instance/i-1",
    "Details": {"AwsEc2Instance": {"Type": "m5", "IpV4Addresses": ["192.0.2.1"]}}, "DataClassification": {"Result": {"SizeClassified": 12345678901}}}],
  "Network": {"Direction": "IN", "SourcePort": 0, "OpenPortRange": {"Begin": 1, "End": 2}},
  "ThreatIntelIndicators": [{"Type": "IPV4_ADDRESS", "Value": "192.0.2.9", "Later": true}],
  "Action": {"ActionType": "AWS_API_CALL", "AwsApiCallAction": {"Api": "StopLogging", "RemoteIpDetails":
    {"IpAddressV4": "192.0.2.9", "City": {"CityName": "Bern"}, "Organization": {"Asn": 64496}, "Country": {"CountryName": "Switzerland"}}},
    "PortProbeAction": {"Blocked": false}},
  "Compliance": {"Status": "FAILED", "StatusReasons": [{"ReasonCode": "X"}]},
  "RelatedFindings": [], "Workflow": {"Status": "NEW"}, "RecordState": "ACTIVE", "Note": {"Text": "n", "UpdatedBy": "u", "UpdatedAt": "2026-03-22T13:22:13Z"},
  "FindingProviderFields": {"Severity": {"Label": "LOW"}, "Types": ["Effects"]},
  "Sample": false, "Malware": [{"Name": "m"}], "Detection": {"Sequence": {"Uid": "1"}}, "Vulnerabilities": [{"Id": "CVE-2026-1", "Cvss": [{"BaseScore": 9.80}]}]
}`

func TestParseLosesNothing(t *testing.T) {
	f, err := finding.Parse([]byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	if f.Action.AwsAPICallAction.RemoteIPDetails.Country.CountryName != "Switzerland" || *f.Network.SourcePort != 0 {
		t.Errorf("fields are not filled: %+v", f)
	}
	written, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := canonical(t, written), canonical(t, []byte(whole)); !reflect.DeepEqual(got, want) {
		t.Errorf("written: %s", written)
	}
}

func canonical(t *testing.T, raw []byte) (v any) {
	t.Helper()
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestParseRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		raw  string
		code fault.Code
	}{
		"not JSON":              {`{"Id": `, fault.Invalid},
		"a list":                {`[]`, fault.Invalid},
		"a doubled member":      {`{"Id": "a", "Id": "b"}`, fault.Invalid},
		"doubled deep inside":   {`{"Detection": {"a": 1, "a": 2}}`, fault.Invalid},
		"a member's wrong type": {`{"Title": 7}`, fault.Invalid},
		"more behind it":        {`{} {}`, fault.Invalid},
		"too large":             {`{"Title": "` + strings.Repeat("x", finding.MaxBytes) + `"}`, fault.TooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := finding.Parse([]byte(c.raw)); fault.CodeOf(err) != c.code {
				t.Errorf("error %v, want code %s", err, c.code)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(whole))
	f.Add([]byte(`{"Severity":null,"Types":[],"x":{"y":[1e400]}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		_ = finding.ValidateJSON(raw) // must not panic, whatever it is
		first, err := finding.Parse(raw)
		if err != nil {
			return
		}
		text, err := json.Marshal(first)
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		second, err := finding.Parse(text)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v\n%s", err, text)
		}
		if again, _ := json.Marshal(second); string(again) != string(text) {
			t.Fatalf("changes with every reading:\n%s\n%s", text, again)
		}
	})
}
