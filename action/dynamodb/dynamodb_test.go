package dynamodb_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/dynamodb"
)

// cloud is a sandbox with a table.
type cloud struct {
	*actiontest.Cloud
	client *sdk.Client
}

var table = aws.String("orders")

func newCloud(t *testing.T) cloud {
	t.Helper()
	c := cloud{Cloud: actiontest.NewCloud(t)}
	c.client = sdk.NewFromConfig(c.Admin(actiontest.Account, actiontest.Region))
	_, err := c.client.CreateTable(t.Context(), &sdk.CreateTableInput{
		TableName: table, BillingMode: types.BillingModePayPerRequest, Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("payments")}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}},
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeS}},
	})
	c.Must(err)
	return c
}

// state is all that the undo of any of the actions must restore.
func (c cloud) state() string {
	c.T.Helper()
	out, err := c.client.DescribeTable(c.T.Context(), &sdk.DescribeTableInput{TableName: table})
	c.Must(err)
	backups, err := c.client.DescribeContinuousBackups(c.T.Context(), &sdk.DescribeContinuousBackupsInput{TableName: table})
	c.Must(err)
	return fmt.Sprint(*out.Table.DeletionProtectionEnabled, backups.ContinuousBackupsDescription.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus)
}

// actions are all of them, by the operation that they call.
var actions = map[string]actiontest.NewAction{
	"UpdateTable": dynamodb.NewEnableDeletionProtection, "UpdateContinuousBackups": dynamodb.NewEnableRecovery,
}

func TestConformance(t *testing.T) {
	for operation, newAction := range actions {
		t.Run(operation, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t)
				return c.World(newAction, `{"table":"orders"}`, `{"table":"none"}`, c.state)
			})
		})
	}
}

func TestWhatIsRightAlready(t *testing.T) {
	for operation, newAction := range actions {
		t.Run(operation, func(t *testing.T) {
			c := newCloud(t)
			a := c.Action(newAction)
			byARN := actiontest.Request(`{"table":"arn:aws:dynamodb:eu-west-1:111122223333:table/orders"}`)
			item := c.Item(a, byARN)
			if item.Resource.Tags["team"] != "payments" || item.Resource.Name != "orders" {
				t.Errorf("%+v, want its name and tags", item.Resource)
			}
			c.Do(a, item)
			actiontest.Want(t, c.Item(a, byARN), action.Unneeded, "already")
		})
	}
}
