package sandbox_test

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"riposte.dev/sandbox"
)

func TestDynamoDB(t *testing.T) {
	w, ctx := newWorld(t, sandbox.Options{}), t.Context()
	client := dynamodb.NewFromConfig(w.config(w.root, "eu-west-1"))
	create := func(name string, billing types.BillingMode) error {
		_, err := client.CreateTable(ctx, &dynamodb.CreateTableInput{
			TableName: &name, BillingMode: billing, KeySchema: []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}},
			AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeS}},
		})
		return err
	}
	wantCode(t, create("aaa", types.BillingModeProvisioned), "ValidationException")
	for _, name := range []string{"aaa", "bbb", "ccc"} {
		must(t, create(name, types.BillingModePayPerRequest))
	}
	wantCode(t, create("aaa", types.BillingModePayPerRequest), "ResourceInUseException")
	var names []string
	for pages := dynamodb.NewListTablesPaginator(client, &dynamodb.ListTablesInput{Limit: aws.Int32(2)}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		must(t, err)
		names = append(names, page.TableNames...)
	}
	if !slices.Equal(names, []string{"aaa", "bbb", "ccc"}) {
		t.Errorf("the tables are %v", names)
	}

	protect := func(on *bool) error {
		_, err := client.UpdateTable(ctx, &dynamodb.UpdateTableInput{TableName: aws.String("aaa"), DeletionProtectionEnabled: on})
		return err
	}
	remove := func() error {
		_, err := client.DeleteTable(ctx, &dynamodb.DeleteTableInput{TableName: aws.String("aaa")})
		return err
	}
	wantCode(t, protect(nil), "ValidationException")
	must(t, protect(aws.Bool(true)))
	wantCode(t, remove(), "ValidationException")
	must(t, protect(aws.Bool(false)))
	must(t, remove())
	wantCode(t, remove(), "ResourceNotFoundException")
	_, err := client.DescribeContinuousBackups(ctx, &dynamodb.DescribeContinuousBackupsInput{TableName: aws.String("aaa")})
	wantCode(t, err, "TableNotFoundException")
	if got := w.cli("eu-west-1", "dynamodb", "update-continuous-backups", "--table-name", "bbb", "--point-in-time-recovery-specification", "PointInTimeRecoveryEnabled=true",
		"--query", "ContinuousBackupsDescription.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus", "--output", "text"); got != "ENABLED" {
		t.Errorf("its recovery is %q", got)
	}
}
