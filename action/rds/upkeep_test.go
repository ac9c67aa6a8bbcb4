package rds_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/rds"

	"riposte.dev/action"
	"riposte.dev/action/actiontest"
	"riposte.dev/action/rds"
	"riposte.dev/fault"
)

func (c cloud) noBackups() {
	c.modify(sdk.ModifyDBInstanceInput{BackupRetentionPeriod: aws.Int32(0), ApplyImmediately: aws.Bool(true)})
}

// wait has a change wait for the maintenance window.
func (c cloud) wait() {
	c.modify(sdk.ModifyDBInstanceInput{DBInstanceClass: aws.String("db.r8g.large")})
}

func TestUpkeepThatIsLeft(t *testing.T) {
	member := func(c cloud) { c.create("member", "orders", nil) }
	for _, tt := range []struct {
		name, params string
		newAction    actiontest.NewAction
		spoil        func(cloud)
		status       action.Status
		says         string
	}{
		{"upgrades itself", `{"instance":"orders-db"}`, rds.NewEnableMinorUpgrades, func(c cloud) {
			c.modify(sdk.ModifyDBInstanceInput{AutoMinorVersionUpgrade: aws.Bool(true)})
		}, action.Unneeded, "already"},
		{"IAM signs in", `{"instance":"orders-db"}`, rds.NewEnableIAMAuthentication, func(c cloud) {
			c.modify(sdk.ModifyDBInstanceInput{EnableIAMDatabaseAuthentication: aws.Bool(true), ApplyImmediately: aws.Bool(true)})
		}, action.Unneeded, "already"},
		{"IAM: another change waits", `{"instance":"orders-db"}`, rds.NewEnableIAMAuthentication, cloud.wait, action.Escalated, "wait for its maintenance window"},
		{"IAM: an instance of a cluster", `{"instance":"member"}`, rds.NewEnableIAMAuthentication, member, action.Escalated, "the cluster orders"},
		{"IAM: Oracle", `{"instance":"ledger"}`, rds.NewEnableIAMAuthentication, func(c cloud) {
			_, err := c.client.CreateDBInstance(c.T.Context(), &sdk.CreateDBInstanceInput{
				DBInstanceIdentifier: aws.String("ledger"), DBInstanceClass: aws.String("db.m7i.large"), Engine: aws.String("oracle-ee"),
			})
			c.Must(err)
		}, action.Escalated, "oracle-ee"},
		{"long enough", `{"instance":"orders-db"}`, rds.NewKeepBackups, func(c cloud) {
			c.modify(sdk.ModifyDBInstanceInput{BackupRetentionPeriod: aws.Int32(8)})
		}, action.Unneeded, "8 days"},
		{"not long enough for this", `{"instance":"orders-db","days":35}`, rds.NewKeepBackups, func(c cloud) {
			c.modify(sdk.ModifyDBInstanceInput{BackupRetentionPeriod: aws.Int32(8)})
		}, action.Change, "8 days only"},
		{"backups of a cluster", `{"instance":"member"}`, rds.NewKeepBackups, member, action.Escalated, "the cluster orders"},
		{"no backups yet", `{"instance":"orders-db"}`, rds.NewKeepBackups, cloud.noBackups, action.Escalated, "interrupts it"},
		{"no backups yet, another change waits", `{"instance":"orders-db","interrupt":true}`, rds.NewKeepBackups, func(c cloud) {
			c.noBackups()
			c.wait()
		}, action.Escalated, "wait for its maintenance window"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCloud(t)
			tt.spoil(c)
			item := c.Plan(tt.newAction, tt.params)
			actiontest.Want(t, item, tt.status, tt.says)
		})
	}
}

func TestBackupsBeginAndEndAtOnce(t *testing.T) {
	c := newCloud(t)
	c.noBackups()
	before := c.state()
	a := c.Action(rds.NewKeepBackups)
	item := c.Item(a, actiontest.Request(`{"instance":"orders-db","interrupt":true}`))
	actiontest.Want(t, item, action.Change, "interrupts it")
	c.Do(a, item)
	c.Do(a, c.Undo(a, item))
	if c.state() != before {
		t.Errorf("the undo left %s, want %s", c.state(), before)
	}
	if _, err := a.Plan(t.Context(), actiontest.Request(`{"instance":"orders-db","days":36}`)); fault.CodeOf(err) != fault.Invalid || fault.Hint(err) == "" {
		t.Errorf("36 days: %v, want invalid and a hint", err)
	}
}

func TestEncryptSaysHow(t *testing.T) {
	for _, tt := range []struct {
		name, instance, key string
		spoil               func(cloud)
		status              action.Status
		says                []string
	}{
		{"an instance", database, "", func(cloud) {}, action.Escalated, []string{
			"create-db-snapshot --db-instance-identifier orders-db", "--kms-key-id alias/aws/rds", "--vpc-security-group-ids sg-0123456789abcdef0", "--region eu-west-1",
		}},
		{"with a key", database, "alias/orders", func(cloud) {}, action.Escalated, []string{"--kms-key-id alias/orders"}},
		{"of a cluster", "member", "", func(c cloud) { c.create("member", "orders", nil) }, action.Escalated, []string{"restore-db-cluster-from-snapshot", "--db-cluster-identifier orders"}},
		{"encrypted", "vault", "", func(c cloud) {
			_, err := c.client.CreateDBInstance(c.T.Context(), &sdk.CreateDBInstanceInput{
				DBInstanceIdentifier: aws.String("vault"), DBInstanceClass: aws.String("db.t4g.micro"), Engine: aws.String("mysql"), StorageEncrypted: aws.Bool(true),
			})
			c.Must(err)
		}, action.Unneeded, []string{"encrypted already"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newCloud(t)
			tt.spoil(c)
			writes, params := c.Writes(), `{"instance":"`+tt.instance+`"}`
			if tt.key != "" {
				params = `{"instance":"` + tt.instance + `","key":"` + tt.key + `"}`
			}
			item := c.Plan(rds.NewEncrypt, params)
			for _, says := range tt.says {
				actiontest.Want(t, item, tt.status, says)
			}
			if c.Writes() != writes {
				t.Error("it changed something")
			}
		})
	}
	c := newCloud(t)
	if _, err := rds.NewEncrypt(c.Caller([]string{"rds:DescribeDBSnapshots"})).Plan(t.Context(), actiontest.Request(`{"instance":"orders-db"}`)); fault.CodeOf(err) != fault.Denied || !strings.Contains(fault.Hint(err), "rds:DescribeDBInstances") {
		t.Errorf("without the permission: %v", err)
	}
}
