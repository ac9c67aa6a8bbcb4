package responses

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// publicSharing is the setting that lets documents become public.
const publicSharing = "/ssm/documents/console/public-sharing-permission"

func (e *engine) publicSharing() (string, error) {
	out, err := ssm.NewFromConfig(e.admin).GetServiceSetting(e.ctx, &ssm.GetServiceSettingInput{SettingId: aws.String(publicSharing)})
	if err != nil {
		return "", err
	}
	return *out.ServiceSetting.SettingValue, nil
}

// documents are the stories of Systems Manager's documents; the second finds the region's lock open, as AWS has it.
var documents = []story{
	{rule: "public-access-block-removed", playbook: "block-public-access", apart: true, calls: []string{"ssm:UpdateServiceSetting"}, right: "Disable", stage: func(e *engine) (scene, error) {
		client := ssm.NewFromConfig(e.admin)
		set := func(value string) error {
			_, err := client.UpdateServiceSetting(e.ctx, &ssm.UpdateServiceSettingInput{SettingId: aws.String(publicSharing), SettingValue: &value})
			return err
		}
		err := set("Disable")
		return scene{"ServiceSetting", func() error { return set("Enable") }, e.publicSharing}, err
	}},
	{rule: "document-shared-publicly", playbook: "make-private", calls: []string{"ssm:ModifyDocumentPermission", "ssm:UpdateServiceSetting"}, right: "0 accounts, Disable", stage: func(e *engine) (scene, error) {
		client, name := ssm.NewFromConfig(e.admin), e.name("install-agent")
		_, err := client.CreateDocument(e.ctx, &ssm.CreateDocumentInput{Name: &name, DocumentType: ssmtypes.DocumentTypeCommand,
			Content: aws.String(`{"schemaVersion":"2.2","description":"install","mainSteps":[]}`)})
		return scene{name, func() error {
			_, err := client.ModifyDocumentPermission(e.ctx, &ssm.ModifyDocumentPermissionInput{Name: &name, PermissionType: ssmtypes.DocumentPermissionTypeShare, AccountIdsToAdd: []string{"all"}})
			return err
		}, func() (string, error) {
			out, err := client.DescribeDocumentPermission(e.ctx, &ssm.DescribeDocumentPermissionInput{Name: &name, PermissionType: ssmtypes.DocumentPermissionTypeShare})
			if err != nil {
				return "", err
			}
			lock, err := e.publicSharing()
			return text(len(out.AccountIds)) + " accounts, " + lock, err
		}}, err
	}},
}

// passwords is the story of a password for the console; reset, of one that there was, which the sandbox has no call for.
func passwords(rule string, reset bool) story {
	return story{rule: rule, playbook: "take-password-away", calls: []string{"iam:DeleteLoginProfile"}, right: "none", stays: true, dry: reset, stage: func(e *engine) (scene, error) {
		name, err := e.newUser()
		happens := func() error {
			_, err := e.iam().CreateLoginProfile(e.ctx, &iam.CreateLoginProfileInput{UserName: &name, Password: aws.String("correct horse battery staple")})
			return err
		}
		if reset && err == nil {
			err = happens()
			happens = func() error { return e.record("iam", "UpdateLoginProfile", `{"userName":"`+name+`"}`) }
		}
		return scene{name, happens, func() (string, error) {
			_, err := e.iam().GetLoginProfile(e.ctx, &iam.GetLoginProfileInput{UserName: &name})
			if err != nil && strings.Contains(err.Error(), "NoSuchEntity") {
				return "none", nil
			}
			return "one", err
		}}, err
	}}
}

// ofDatabases is the story of a setting of a database instance.
func ofDatabases(rule, playbook string, right bool, set func(*rds.ModifyDBInstanceInput), look func(*rds.DescribeDBInstancesOutput) *bool) story {
	return story{rule: rule, playbook: playbook, calls: []string{"rds:ModifyDBInstance"}, right: text(right), stage: func(e *engine) (scene, error) {
		client, name := rds.NewFromConfig(e.admin), e.name("payments")
		_, err := client.CreateDBInstance(e.ctx, &rds.CreateDBInstanceInput{DBInstanceIdentifier: &name, DBInstanceClass: aws.String("db.t4g.micro"), Engine: aws.String("postgres"),
			AllocatedStorage: aws.Int32(20), MasterUsername: aws.String("admin1"), MasterUserPassword: aws.String("example-example"), PubliclyAccessible: aws.Bool(false),
			DeletionProtection: aws.Bool(true)})
		return scene{name, func() error {
			in := &rds.ModifyDBInstanceInput{DBInstanceIdentifier: &name, ApplyImmediately: aws.Bool(true)}
			set(in)
			_, err := client.ModifyDBInstance(e.ctx, in)
			return err
		}, func() (string, error) {
			out, err := client.DescribeDBInstances(e.ctx, &rds.DescribeDBInstancesInput{DBInstanceIdentifier: &name})
			if err != nil {
				return "", err
			}
			return text(*look(out)), nil
		}}, err
	}}
}

// more are the stories of network ACLs, routes, passwords, alarms, functions, tables and databases.
var more = []story{
	passwords("console-profile-created", false),
	passwords("password-reset-for-another-user", true),
	ofDatabases("database-made-public", "close-database", false, func(in *rds.ModifyDBInstanceInput) { in.PubliclyAccessible = aws.Bool(true) },
		func(out *rds.DescribeDBInstancesOutput) *bool { return out.DBInstances[0].PubliclyAccessible }),
	ofDatabases("data-protection-removed", "protect-data", true, func(in *rds.ModifyDBInstanceInput) { in.DeletionProtection = aws.Bool(false) },
		func(out *rds.DescribeDBInstancesOutput) *bool { return out.DBInstances[0].DeletionProtection }),
	{rule: "data-protection-removed", playbook: "protect-data", calls: []string{"dynamodb:UpdateTable"}, right: "true", stage: func(e *engine) (scene, error) {
		client, name := dynamodb.NewFromConfig(e.admin), e.name("orders")
		_, err := client.CreateTable(e.ctx, &dynamodb.CreateTableInput{TableName: &name, BillingMode: dynamotypes.BillingModePayPerRequest, DeletionProtectionEnabled: aws.Bool(true),
			AttributeDefinitions: []dynamotypes.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: dynamotypes.ScalarAttributeTypeS}},
			KeySchema:            []dynamotypes.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: dynamotypes.KeyTypeHash}}})
		return scene{name, func() error {
			_, err := client.UpdateTable(e.ctx, &dynamodb.UpdateTableInput{TableName: &name, DeletionProtectionEnabled: aws.Bool(false)})
			return err
		}, func() (string, error) {
			out, err := client.DescribeTable(e.ctx, &dynamodb.DescribeTableInput{TableName: &name})
			if err != nil {
				return "", err
			}
			return text(*out.Table.DeletionProtectionEnabled), nil
		}}, err
	}},
	{rule: "network-acl-opened", playbook: "revert-network-change", calls: []string{"ec2:DeleteNetworkAclEntry"}, right: "closed", stage: func(e *engine) (scene, error) {
		vpc, err := e.ec2().CreateVpc(e.ctx, &ec2.CreateVpcInput{CidrBlock: aws.String("10.2.0.0/16")})
		if err != nil {
			return scene{}, err
		}
		made, err := e.ec2().CreateNetworkAcl(e.ctx, &ec2.CreateNetworkAclInput{VpcId: vpc.Vpc.VpcId})
		if err != nil {
			return scene{}, err
		}
		id := made.NetworkAcl.NetworkAclId
		return scene{*id, func() error {
			_, err := e.ec2().CreateNetworkAclEntry(e.ctx, &ec2.CreateNetworkAclEntryInput{NetworkAclId: id, RuleNumber: aws.Int32(90), Egress: aws.Bool(false),
				Protocol: aws.String("-1"), RuleAction: types.RuleActionAllow, CidrBlock: aws.String("0.0.0.0/0")})
			return err
		}, func() (string, error) {
			out, err := e.ec2().DescribeNetworkAcls(e.ctx, &ec2.DescribeNetworkAclsInput{NetworkAclIds: []string{*id}})
			if err != nil {
				return "", err
			}
			for _, entry := range out.NetworkAcls[0].Entries {
				if *entry.RuleNumber == 90 {
					return "open", nil
				}
			}
			return "closed", nil
		}}, nil
	}},
	{rule: "default-route-changed", playbook: "revert-network-change", calls: []string{"ec2:DeleteRoute"}, right: "closed", stage: func(e *engine) (scene, error) {
		vpc, err := e.ec2().CreateVpc(e.ctx, &ec2.CreateVpcInput{CidrBlock: aws.String("10.3.0.0/16")})
		if err != nil {
			return scene{}, err
		}
		gateway, err := e.ec2().CreateInternetGateway(e.ctx, &ec2.CreateInternetGatewayInput{})
		if err != nil {
			return scene{}, err
		}
		_, err = e.ec2().AttachInternetGateway(e.ctx, &ec2.AttachInternetGatewayInput{VpcId: vpc.Vpc.VpcId, InternetGatewayId: gateway.InternetGateway.InternetGatewayId})
		if err != nil {
			return scene{}, err
		}
		made, err := e.ec2().CreateRouteTable(e.ctx, &ec2.CreateRouteTableInput{VpcId: vpc.Vpc.VpcId})
		if err != nil {
			return scene{}, err
		}
		id := made.RouteTable.RouteTableId
		return scene{*id, func() error {
			_, err := e.ec2().CreateRoute(e.ctx, &ec2.CreateRouteInput{RouteTableId: id, DestinationCidrBlock: aws.String("0.0.0.0/0"), GatewayId: gateway.InternetGateway.InternetGatewayId})
			return err
		}, func() (string, error) {
			out, err := e.ec2().DescribeRouteTables(e.ctx, &ec2.DescribeRouteTablesInput{RouteTableIds: []string{*id}})
			if err != nil {
				return "", err
			}
			for _, route := range out.RouteTables[0].Routes {
				if aws.ToString(route.DestinationCidrBlock) == "0.0.0.0/0" {
					return "open", nil
				}
			}
			return "closed", nil
		}}, nil
	}},
	{rule: "alarm-actions-disabled", playbook: "enable-alarms", calls: []string{"cloudwatch:EnableAlarmActions"}, right: "true", stage: func(e *engine) (scene, error) {
		client, name := cloudwatch.NewFromConfig(e.admin), e.name("security")
		_, err := client.PutMetricAlarm(e.ctx, &cloudwatch.PutMetricAlarmInput{AlarmName: &name, MetricName: aws.String("RootUse"), Namespace: aws.String("Security"),
			Statistic: cwtypes.StatisticSum, Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(1),
			ComparisonOperator: cwtypes.ComparisonOperatorGreaterThanOrEqualToThreshold, AlarmActions: []string{"arn:aws:sns:eu-west-1:111122223333:secops"}})
		return scene{name, func() error {
			_, err := client.DisableAlarmActions(e.ctx, &cloudwatch.DisableAlarmActionsInput{AlarmNames: []string{name}})
			return err
		}, func() (string, error) {
			out, err := client.DescribeAlarms(e.ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{name}})
			if err != nil {
				return "", err
			}
			return text(*out.MetricAlarms[0].ActionsEnabled), nil
		}}, err
	}},
	{rule: "function-compromised", playbook: "stop-function", calls: []string{"lambda:PutFunctionConcurrency"}, right: "stopped", stage: func(e *engine) (scene, error) {
		name, err := e.newFunction("resize")
		client := lambda.NewFromConfig(e.admin)
		return scene{name, func() error {
			return e.finding(`"type":"CryptoCurrency:Lambda/BitcoinTool.B","severity":8,"resource":{"resourceType":"Lambda","lambdaDetails":{"functionName":"` + name + `",
				"functionArn":"arn:aws:lambda:eu-west-1:111122223333:function:` + name + `"}},"service":{"archived":false}`)
		}, func() (string, error) {
			out, err := client.GetFunctionConcurrency(e.ctx, &lambda.GetFunctionConcurrencyInput{FunctionName: &name})
			if err == nil && out.ReservedConcurrentExecutions != nil && *out.ReservedConcurrentExecutions == 0 {
				return "stopped", nil
			}
			return "runs", err
		}}, err
	}},
}
