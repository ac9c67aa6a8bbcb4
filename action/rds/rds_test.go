package rds_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/awscall"
	"riposte.dev/action/rds"
	"riposte.dev/sandbox"
)

// cloud is a sandbox with a database that the internet reaches, and a snapshot of it that is shared.
type cloud struct {
	*actiontest.Cloud
	t      *testing.T
	client *sdk.Client
}

const (
	database = "orders-db"
	snapshot = "orders-before-upgrade"
)

func newCloud(t *testing.T) cloud {
	t.Helper()
	c := cloud{Cloud: actiontest.NewCloud(t), t: t}
	c.client = sdk.NewFromConfig(c.Admin(actiontest.Account, actiontest.Region))
	tags := []types.Tag{{Key: aws.String("team"), Value: aws.String("payments")}}
	c.create(database, "", tags)
	_, err := c.client.CreateDBSnapshot(t.Context(), &sdk.CreateDBSnapshotInput{
		DBInstanceIdentifier: aws.String(database), DBSnapshotIdentifier: aws.String(snapshot), Tags: tags,
	})
	c.must(err)
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
	_, err := c.client.CreateDBInstance(c.t.Context(), in)
	c.must(err)
}

func (c cloud) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c cloud) share(with ...string) {
	c.t.Helper()
	_, err := c.client.ModifyDBSnapshotAttribute(c.t.Context(), &sdk.ModifyDBSnapshotAttributeInput{
		DBSnapshotIdentifier: aws.String(snapshot), AttributeName: aws.String("restore"), ValuesToAdd: with,
	})
	c.must(err)
}

func (c cloud) modify(in sdk.ModifyDBInstanceInput) {
	c.t.Helper()
	in.DBInstanceIdentifier = aws.String(database)
	_, err := c.client.ModifyDBInstance(c.t.Context(), &in)
	c.must(err)
}

// state is all that the undo of any of the actions must restore.
func (c cloud) state() string {
	c.t.Helper()
	databases, err := c.client.DescribeDBInstances(c.t.Context(), &sdk.DescribeDBInstancesInput{DBInstanceIdentifier: aws.String(database)})
	c.must(err)
	d := databases.DBInstances[0]
	attributes, err := c.client.DescribeDBSnapshotAttributes(c.t.Context(), &sdk.DescribeDBSnapshotAttributesInput{DBSnapshotIdentifier: aws.String(snapshot)})
	c.must(err)
	with := map[string]bool{}
	for _, who := range attributes.DBSnapshotAttributesResult.DBSnapshotAttributes[0].AttributeValues {
		with[who] = true
	}
	return fmt.Sprint(*d.PubliclyAccessible, *d.DeletionProtection, *d.AutoMinorVersionUpgrade, *d.IAMDatabaseAuthenticationEnabled, *d.BackupRetentionPeriod, with)
}

func request(params string) action.Request {
	return action.Request{Account: actiontest.Account, Region: actiontest.Region, Params: json.RawMessage(params)}
}

func TestConformance(t *testing.T) {
	for _, tt := range []struct {
		name, operation, params, missing string
		newAction                        func(*awscall.Caller) action.Action
		interfere                        func(cloud)
	}{
		{"make an instance private", "ModifyDBInstance", `{"instance":"orders-db"}`, `{"instance":"no-db"}`, rds.NewMakeInstancePrivate, nil},
		{"by its ARN", "ModifyDBInstance", `{"instance":"arn:aws:rds:eu-west-1:111122223333:db:orders-db"}`, `{"instance":"no-db"}`, rds.NewMakeInstancePrivate, nil},
		{"protect an instance", "ModifyDBInstance", `{"instance":"orders-db"}`, `{"instance":"no-db"}`, rds.NewEnableDeletionProtection, nil},
		{"minor upgrades", "ModifyDBInstance", `{"instance":"orders-db"}`, `{"instance":"no-db"}`, rds.NewEnableMinorUpgrades, nil},
		{"IAM authentication", "ModifyDBInstance", `{"instance":"orders-db"}`, `{"instance":"no-db"}`, rds.NewEnableIAMAuthentication, nil},
		{"keep backups", "ModifyDBInstance", `{"instance":"orders-db"}`, `{"instance":"no-db"}`, rds.NewKeepBackups, func(c cloud) {
			c.modify(sdk.ModifyDBInstanceInput{BackupRetentionPeriod: aws.Int32(30)})
		}},
		{"make a snapshot private", "ModifyDBSnapshotAttribute", `{"snapshot":"orders-before-upgrade"}`, `{"snapshot":"none"}`, rds.NewMakeSnapshotPrivate, func(c cloud) { c.share("777788889999") }},
		{"make a snapshot private to an account", "ModifyDBSnapshotAttribute", `{"snapshot":"arn:aws:rds:eu-west-1:111122223333:snapshot:orders-before-upgrade","trusted_accounts":["123456789012"]}`, `{"snapshot":"none"}`, rds.NewMakeSnapshotPrivate, func(c cloud) { c.share("777788889999") }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			actiontest.Run(t, func(t *testing.T) actiontest.World {
				c := newCloud(t)
				w := actiontest.World{
					Action:  func(permissions []string) action.Action { return tt.newAction(c.Caller(permissions)) },
					Request: request(tt.params),
					Missing: json.RawMessage(tt.missing),
					State:   c.state,
					Writes:  c.Writes,
					Stale: func(reads int) {
						c.AddStaleness(sandbox.Staleness{Service: "rds", Operation: tt.operation, Reads: reads})
					},
				}
				if tt.interfere != nil {
					w.Interfere = func() { tt.interfere(c) }
				}
				return w
			})
		})
	}
}

func TestWhatIsLeft(t *testing.T) {
	for _, tt := range []struct {
		name, params string
		newAction    func(*awscall.Caller) action.Action
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
			_, err := c.client.ModifyDBSnapshotAttribute(c.t.Context(), &sdk.ModifyDBSnapshotAttributeInput{
				DBSnapshotIdentifier: aws.String(snapshot), AttributeName: aws.String("restore"), ValuesToRemove: []string{"all"},
			})
			c.must(err)
		}, action.Unneeded, "not public"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCloud(t)
			tt.spoil(c)
			item := c.Item(tt.newAction(c.Caller(tt.newAction(nil).Spec().Permissions)), request(tt.params))
			actiontest.Want(t, item, tt.status, tt.says)
		})
	}
}

func TestTheTagsAreShown(t *testing.T) {
	c := newCloud(t)
	for params, newAction := range map[string]func(*awscall.Caller) action.Action{
		`{"instance":"orders-db"}`: rds.NewMakeInstancePrivate, `{"snapshot":"orders-before-upgrade"}`: rds.NewMakeSnapshotPrivate,
	} {
		if r := c.Item(newAction(c.Caller(newAction(nil).Spec().Permissions)), request(params)).Resource; r.Tags["team"] != "payments" {
			t.Errorf("%+v, want its tags", r)
		}
	}
}
