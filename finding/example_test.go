package finding_test

import (
	"context"
	"fmt"

	"riposte.dev/finding"
)

// A provider sends a finding twice, and then once more when the issue is back.
func ExampleHub_Upsert() {
	hub := finding.NewHub(finding.Options{Store: newMemory(), Now: clock})
	f, err := finding.New(draft(), noon)
	if err != nil {
		fmt.Println(err)
		return
	}
	archived, again := f, f
	archived.UpdatedAt, archived.RecordState = "2026-03-22T13:00:00Z", finding.Archived
	again.UpdatedAt = "2026-03-22T14:00:00Z"
	for _, next := range []finding.Finding{f, f, archived, again} {
		result, err := hub.Upsert(context.Background(), next)
		fmt.Println(result.Outcome, result.Generation, err)
	}
	// Output:
	// created 0 <nil>
	// unchanged 0 <nil>
	// updated 0 <nil>
	// reopened 1 <nil>
}

func ExampleValidateJSON() {
	err := finding.ValidateJSON([]byte(`{"SchemaVersion": "2018-10-08", "Id": "i-1", "GeneratorId": "scan", "AwsAccountId": "111122223333",
		"ProductArn": "arn:aws:securityhub:eu-west-1::product/acme/scan", "CreatedAt": "today", "UpdatedAt": "2026-03-22T13:22:13Z",
		"Title": "Port 22 is open", "Description": "to the world", "Severity": {"Label": "BAD"}, "Resources": [{"Id": "sg-1"}]}`))
	fmt.Println(err)
	// Output:
	// CreatedAt is "today", which is no timestamp — write an RFC 3339 time such as 2026-03-22T13:22:13.933Z
	// Resources[0].Type is missing — write what it is, such as AwsEc2Instance; Other where AWS has no name for it
	// Severity.Label is "BAD", which is no value of it — write one of INFORMATIONAL, LOW, MEDIUM, HIGH, CRITICAL
}
