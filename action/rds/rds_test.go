package rds_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/rds"
)

// cloud is a sandbox with a database that the internet reaches, and a snapshot of it that is shared.
type cloud struct {
	*actiontest.Cloud
	client *sdk.Client
}

const (
	database = "orders-db"
	snapshot = "orders-before-upgrade"
)

func newCloud(t *testing.T) cloud {
	t.Helper()
	c := cloud{Cloud: actiontest.NewCloud(t)}
	c.client = sdk.NewFromConfig(c.Admin(actiontest.Account, actiontest.Region))
	tags := []types.Tag{{Key: aws.String("team"), Value: aws.String("payments")}}
	c.create(database, "", tags)
	_, err := c.client.CreateDBSnapshot(t.Context(), &sdk.CreateDBSnapshotInput{
		DBInstanceIdentifier: aws.String(database), DBSnapshotIdentifier: aws.String(snapshot), Tags: tags,
	})
	c.Must(err)
	c.share("444455556666", "all", "123456789012")
	return c
}

func (c cloud) create(id, cluster string, tags []types.Tag) {
	in := &sdk.CreateDBInstanceInput{
		DBInstanceIdentifier: &id, DBInstanceClass: aws.String("db.t4g.micro"), Engine: aws.String("postgres"), PubliclyAccessible: aws.Bool(true), Tags: tags,
		AutoMinorVersionUpgrade: aws.Bool(false), BackupRetentionPeriod: aws.Int32(1),
	}
	if cluster != "" {
		in.DBClusterIdentifier = &cluster
	}
	_, err := c.client.CreateDBInstance(c.T.Context(), in)
	c.Must(err)
}

func (c cloud) share(with ...string) {
	c.T.Helper()
	_, err := c.client.ModifyDBSnapshotAttribute(c.T.Context(), &sdk.ModifyDBSnapshotAttributeInput{
		DBSnapshotIdentifier: aws.String(snapshot), AttributeName: aws.String("restore"), ValuesToAdd: with,
	})
	c.Must(err)
}

func (c cloud) modify(in sdk.ModifyDBInstanceInput) {
	c.T.Helper()
	in.DBInstanceIdentifier = aws.String(database)
	_, err := c.client.ModifyDBInstance(c.T.Context(), &in)
	c.Must(err)
}

// state is all that the undo of any of the actions must restore.
func (c cloud) state() string {
	c.T.Helper()
	databases, err := c.client.DescribeDBInstances(c.T.Context(), &sdk.DescribeDBInstancesInput{DBInstanceIdentifier: aws.String(database)})
	c.Must(err)
	d := databases.DBInstances[0]
	attributes, err := c.client.DescribeDBSnapshotAttributes(c.T.Context(), &sdk.DescribeDBSnapshotAttributesInput{DBSnapshotIdentifier: aws.String(snapshot)})
	c.Must(err)
	with := map[string]bool{}
	for _, who := range attributes.DBSnapshotAttributesResult.DBSnapshotAttributes[0].AttributeValues {
		with[who] = true
	}
	return fmt.Sprint(*d.PubliclyAccessible, *d.DeletionProtection, *d.AutoMinorVersionUpgrade, *d.IAMDatabaseAuthenticationEnabled, *d.BackupRetentionPeriod, with)
}

func TestConformance(t *testing.T) {
	for _, tt := range []struct {
		name, params, missing string
		newAction             actiontest.NewAction
		interfere             func(cloud)
	}{
		{"make an instance private", `{"instance":"orders-db"}`, `{"instance":"no-db"}`, rds.NewMakeInstancePrivate, nil},
		{"by its ARN", `{"instance":"arn:aws:rds:eu-west-1:111122223333:db:orders-db"}`, `{"instance":"no-db"}`, rds.NewMakeInstancePrivate, nil},
		{"protect an instance", `{"instance":"orders-db"}`, `{"instance":"no-db"}`, rds.NewEnableDeletionProtection, nil},
		{"minor upgrades", `{"instance":"orders-db"}`, `{"instance":"no-db"}`, rds.NewEnableMinorUpgrades, nil},
		{"IAM authentication", `{"instance":"orders-db"}`, `{"instance":"no-db"}`, rds.NewEnableIAMAuthentication, nil},
		{"keep backups", `{"instance":"orders-db"}`, `{"instance":"no-db"}`, rds.NewKeepBackups, func(c cloud) {
			c.modify(sdk.ModifyDBInstanceInput{BackupRetentionPeriod: aws.Int32(30)})
		}},
		{"make a snapshot private", `{"snapshot":"orders-before-upgrade"}`, `{"snapshot":"none"}`, rds.NewMakeSnapshotPrivate, func(c cloud) { c.share("777788889999") }},
		{"make a snapshot private to an account", `{"snapshot":"arn:aws:rds:eu-west-1:111122223333:snapshot:orders-before-upgrade","trusted_accounts":["123456789012"]}`, `{"snapshot":"none"}`, rds.NewMakeSnapshotPrivate, func(c cloud) { c.share("777788889999") }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t)
				w := c.World(tt.newAction, tt.params, tt.missing, c.state)
				w.Interfere = actiontest.On(c, tt.interfere)
				return w
			})
		})
	}
}

func TestWhatIsLeft(t *testing.T) {
	for _, tt := range []struct {
		name, params string
		newAction    actiontest.NewAction
		spoil        func(cloud)
		status       action.Status
		says         string
	}{
		{"a private instance", `{"instance":"orders-db"}`, rds.NewMakeInstancePrivate, func(c cloud) {
			c.modify(sdk.ModifyDBInstanceInput{PubliclyAccessible: aws.Bool(false)})
		}, action.Unneeded, "no public address"},
		{"a protected instance", `{"instance":"orders-db"}`, rds.NewEnableDeletionProtection, func(c cloud) {
			c.modify(sdk.ModifyDBInstanceInput{DeletionProtection: aws.Bool(true)})
		}, action.Unneeded, "protected already"},
		{"an instance of a cluster", `{"instance":"member"}`, rds.NewEnableDeletionProtection, func(c cloud) { c.create("member", "orders", nil) }, action.Escalated, "the cluster orders"},
		{"trusted accounts", `{"snapshot":"orders-before-upgrade","trusted_accounts":["123456789012","444455556666"]}`, rds.NewMakeSnapshotPrivate, func(c cloud) {
			_, err := c.client.ModifyDBSnapshotAttribute(c.T.Context(), &sdk.ModifyDBSnapshotAttributeInput{
				DBSnapshotIdentifier: aws.String(snapshot), AttributeName: aws.String("restore"), ValuesToRemove: []string{"all"},
			})
			c.Must(err)
		}, action.Unneeded, "not public"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCloud(t)
			tt.spoil(c)
			item := c.Plan(tt.newAction, tt.params)
			actiontest.Want(t, item, tt.status, tt.says)
		})
	}
}

func TestTheTagsAreShown(t *testing.T) {
	c := newCloud(t)
	for params, newAction := range map[string]actiontest.NewAction{
		`{"instance":"orders-db"}`: rds.NewMakeInstancePrivate, `{"snapshot":"orders-before-upgrade"}`: rds.NewMakeSnapshotPrivate,
	} {
		if r := c.Plan(newAction, params).Resource; r.Tags["team"] != "payments" {
			t.Errorf("%+v, want its tags", r)
		}
	}
}
