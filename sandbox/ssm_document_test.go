package sandbox_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"riposte.dev/sandbox"
)

func TestDocuments(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client := ssm.NewFromConfig(w.config(w.root, "us-east-1"))
	create := func(name, content string) error {
		_, err := client.CreateDocument(ctx, &ssm.CreateDocumentInput{Name: &name, Content: &content})
		return err
	}
	if err := create("mine", "{}"); err != nil {
		t.Fatal(err)
	}
	wantCode(t, create("mine", "{}"), "DocumentAlreadyExists")
	wantCode(t, create("other", "{"), "InvalidDocumentContent")
	wantCode(t, create("AWS-mine", "{}"), "ValidationException")
	share := func(in ssm.ModifyDocumentPermissionInput) error {
		in.Name, in.PermissionType = aws.String("mine"), types.DocumentPermissionTypeShare
		_, err := client.ModifyDocumentPermission(ctx, &in)
		return err
	}
	if err := share(ssm.ModifyDocumentPermissionInput{AccountIdsToAdd: []string{"444455556666", "123456789012", "All"}}); err != nil {
		t.Fatal(err)
	}
	in := &ssm.DescribeDocumentPermissionInput{Name: aws.String("mine"), PermissionType: types.DocumentPermissionTypeShare, MaxResults: aws.Int32(2)}
	var seen []string
	for {
		page, err := client.DescribeDocumentPermission(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, page.AccountIds...)
		if in.NextToken = page.NextToken; in.NextToken == nil {
			break
		}
	}
	if strings.Join(seen, " ") != "123456789012 444455556666 all" {
		t.Errorf("shared with %v", seen)
	}
	_, err := client.DeleteDocument(ctx, &ssm.DeleteDocumentInput{Name: aws.String("mine")})
	wantCode(t, err, "InvalidDocumentOperation")
	if err := share(ssm.ModifyDocumentPermissionInput{AccountIdsToRemove: seen}); err != nil {
		t.Fatal(err)
	}
	w.cli("us-east-1", "ssm", "update-service-setting", "--setting-id", "/ssm/documents/console/public-sharing-permission", "--setting-value", "Disable")
	wantCode(t, share(ssm.ModifyDocumentPermissionInput{AccountIdsToAdd: []string{"all"}}), "ValidationException")
	whole := "arn:aws:ssm:us-east-1:111122223333:servicesetting/ssm/documents/console/public-sharing-permission"
	if got := w.cli("us-east-1", "ssm", "get-service-setting", "--setting-id", whole, "--query", "ServiceSetting.[SettingValue,Status]", "--output", "text"); got != "Disable\tCustomized" {
		t.Errorf("the setting is %q", got)
	}
	w.cli("us-east-1", "ssm", "reset-service-setting", "--setting-id", whole)
	if err := share(ssm.ModifyDocumentPermissionInput{AccountIdsToAdd: []string{"all"}}); err != nil {
		t.Error(err)
	}
	_, err = client.GetServiceSetting(ctx, &ssm.GetServiceSettingInput{SettingId: aws.String("/ssm/other")})
	wantCode(t, err, "ServiceSettingNotFound")
	for name, owner := range map[string]string{"mine": "111122223333", "AWS-RunPatchBaseline": "Amazon"} {
		out, err := client.DescribeDocument(ctx, &ssm.DescribeDocumentInput{Name: &name})
		if err != nil || *out.Document.Owner != owner {
			t.Errorf("%s: %+v, %v", name, out, err)
		}
	}
	_, err = client.DescribeDocument(ctx, &ssm.DescribeDocumentInput{Name: aws.String("none")})
	wantCode(t, err, "InvalidDocument")
	record, err := json.Marshal(w.delivered(5)[4])
	if err != nil || !strings.Contains(string(record), `"accountIdsToAdd":["444455556666","123456789012","All"],"name":"mine","permissionType":"Share"`) {
		t.Errorf("the record is %s, %v", record, err)
	}
}
