package responses

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	trailtypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	configtypes "github.com/aws/aws-sdk-go-v2/service/configservice/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"riposte.dev/test/stage"
)

func text(v any) string { return fmt.Sprint(v) }

// newTrail makes a trail; where stopped is true one that never logged, so that nobody stopped it.
func (e *engine) newTrail(stopped bool) (string, error) {
	name := e.name("audit")
	in := &cloudtrail.CreateTrailInput{Name: &name, S3BucketName: aws.String("trail-logs"), IsMultiRegionTrail: aws.Bool(true), EnableLogFileValidation: aws.Bool(true)}
	client := cloudtrail.NewFromConfig(e.admin)
	_, err := client.CreateTrail(e.ctx, in)
	if err == nil && !stopped {
		_, err = client.StartLogging(e.ctx, &cloudtrail.StartLoggingInput{Name: &name})
	}
	return name, err
}

func (e *engine) logs(name string) func() (string, error) {
	return func() (string, error) {
		on, err := e.Logging(e.ctx, stage.Region, name)
		return text(on), err
	}
}

// trails are the stories of trails, of which a region has room for five: the first of them starts every stopped one.
var trails = []story{
	{rule: "cloudtrail-not-enabled", playbook: "restart-all-trails", calls: []string{"cloudtrail:StartLogging"}, right: "true", stage: func(e *engine) (scene, error) {
		name, err := e.newTrail(true)
		return scene{stage.Region, func() error {
			return e.tell("aws.config", "Config Rules Compliance Change", `{"awsAccountId":"111122223333","awsRegion":"eu-west-1","configRuleName":"cloudtrail-enabled",
				"messageType":"ComplianceChangeNotification","resourceType":"AWS::::Account","resourceId":"111122223333",
				"newEvaluationResult":{"complianceType":"NON_COMPLIANT","resultRecordedTime":"2024-05-01T12:00:00.123Z"}}`)
		}, e.logs(name)}, err
	}},
	{rule: "cloudtrail-logging-disabled-finding", playbook: "restart-trail", calls: []string{"cloudtrail:StartLogging"}, right: "true", stage: func(e *engine) (scene, error) {
		name, err := e.newTrail(true)
		return scene{name, func() error {
			return e.tell("aws.securityhub", "Security Hub Findings - Imported", `{"findings":[{"Id":"f-1","ProductArn":"arn:aws:securityhub:eu-west-1::product/aws/guardduty",
				"AwsAccountId":"111122223333","Region":"eu-west-1","Types":["TTPs/Defense Evasion/Stealth:IAMUser-CloudTrailLoggingDisabled"],
				"ProductFields":{"aws/guardduty/service/action/awsApiCallAction/affectedResources/AWS::CloudTrail::Trail":"`+name+`"},
				"Severity":{"Label":"LOW"},"Resources":[{"Type":"Other","Id":"x"}],"Workflow":{"Status":"NEW"},"RecordState":"ACTIVE"}]}`)
		}, e.logs(name)}, err
	}},
	{rule: "cloudtrail-logging-stopped", playbook: "restart-trail", calls: []string{"cloudtrail:StartLogging"}, right: "true", stage: func(e *engine) (scene, error) {
		name, err := e.newTrail(false)
		return scene{name, func() error { return e.StopTrail(e.ctx, stage.Region, name) }, e.logs(name)}, err
	}},
	{rule: "cloudtrail-trail-weakened", playbook: "restore-trail", calls: []string{"cloudtrail:UpdateTrail", "cloudtrail:UpdateTrail"}, right: "true true true", stage: func(e *engine) (scene, error) {
		name, err := e.newTrail(false)
		client := cloudtrail.NewFromConfig(e.admin)
		return scene{name, func() error {
			_, err := client.UpdateTrail(e.ctx, &cloudtrail.UpdateTrailInput{Name: &name, IsMultiRegionTrail: aws.Bool(false), EnableLogFileValidation: aws.Bool(false)})
			return err
		}, func() (string, error) {
			out, err := client.GetTrail(e.ctx, &cloudtrail.GetTrailInput{Name: &name})
			if err != nil {
				return "", err
			}
			return fmt.Sprint(*out.Trail.IsMultiRegionTrail, *out.Trail.IncludeGlobalServiceEvents, *out.Trail.LogFileValidationEnabled), nil
		}}, err
	}},
	{rule: "cloudtrail-selectors-emptied", playbook: "restore-event-selectors", calls: []string{"cloudtrail:PutEventSelectors"}, right: "All true", stage: func(e *engine) (scene, error) {
		name, err := e.newTrail(false)
		client := cloudtrail.NewFromConfig(e.admin)
		return scene{name, func() error {
			_, err := client.PutEventSelectors(e.ctx, &cloudtrail.PutEventSelectorsInput{TrailName: &name, EventSelectors: []trailtypes.EventSelector{
				{ReadWriteType: trailtypes.ReadWriteTypeReadOnly, IncludeManagementEvents: aws.Bool(true)}}})
			return err
		}, func() (string, error) {
			out, err := client.GetEventSelectors(e.ctx, &cloudtrail.GetEventSelectorsInput{TrailName: &name})
			if err != nil {
				return "", err
			}
			return fmt.Sprintf("%s %t", out.EventSelectors[0].ReadWriteType, *out.EventSelectors[0].IncludeManagementEvents), nil
		}}, err
	}},
}

func (e *engine) s3() *s3.Client {
	return s3.NewFromConfig(e.admin, func(o *s3.Options) { o.UsePathStyle = true })
}

// newBucket makes a bucket that may have access lists.
func (e *engine) newBucket(of string) (string, error) {
	name := e.name(of)
	_, err := e.s3().CreateBucket(e.ctx, &s3.CreateBucketInput{Bucket: &name, ObjectOwnership: s3types.ObjectOwnershipBucketOwnerPreferred,
		CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: stage.Region}})
	return name, err
}

// newOpenBucket makes one that nothing keeps from being made public.
func (e *engine) newOpenBucket(of string) (string, error) {
	name, err := e.newBucket(of)
	if err == nil {
		_, err = e.s3().DeletePublicAccessBlock(e.ctx, &s3.DeletePublicAccessBlockInput{Bucket: &name})
	}
	return name, err
}

// grantAlso lets somebody read what is in a bucket, by its access list.
func (e *engine) grantAlso(bucket string, to s3types.Grantee) error {
	out, err := e.s3().GetBucketAcl(e.ctx, &s3.GetBucketAclInput{Bucket: &bucket})
	if err != nil {
		return err
	}
	_, err = e.s3().PutBucketAcl(e.ctx, &s3.PutBucketAclInput{Bucket: &bucket, AccessControlPolicy: &s3types.AccessControlPolicy{Owner: out.Owner,
		Grants: append(out.Grants, s3types.Grant{Permission: s3types.PermissionRead, Grantee: &to})}})
	return err
}

func (e *engine) grants(bucket string) (string, error) {
	out, err := e.s3().GetBucketAcl(e.ctx, &s3.GetBucketAclInput{Bucket: &bucket})
	if err != nil {
		return "", err
	}
	return strconv.Itoa(len(out.Grants)) + " grants", nil
}

// stranger is the canonical user of another account.
var stranger = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"

const everybody = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::%s/*"}]}`

// buckets are the stories of buckets.
var buckets = []story{
	{rule: "bucket-made-public", playbook: "close-bucket", calls: []string{"s3:DeleteBucketPolicy"}, right: "policy false", stage: func(e *engine) (scene, error) {
		name, err := e.newOpenBucket("pictures")
		return scene{name, func() error {
			_, err := e.s3().PutBucketPolicy(e.ctx, &s3.PutBucketPolicyInput{Bucket: &name, Policy: aws.String(fmt.Sprintf(everybody, name))})
			return err
		}, func() (string, error) {
			out, err := e.s3().GetBucketPolicyStatus(e.ctx, &s3.GetBucketPolicyStatusInput{Bucket: &name})
			if err != nil && strings.Contains(err.Error(), "NoSuchBucketPolicy") {
				return "policy false", nil
			}
			if err != nil {
				return "", err
			}
			return "policy " + text(*out.PolicyStatus.IsPublic), nil
		}}, err
	}},
	{rule: "bucket-made-public", playbook: "close-bucket", calls: []string{"s3:PutBucketAcl"}, right: "1 grants", stage: func(e *engine) (scene, error) {
		name, err := e.newOpenBucket("drawings")
		all := s3types.Grantee{Type: s3types.TypeGroup, URI: aws.String("http://acs.amazonaws.com/groups/global/AllUsers")}
		return scene{name, func() error { return e.grantAlso(name, all) }, func() (string, error) { return e.grants(name) }}, err
	}},
	{rule: "bucket-shared-with-another-account", playbook: "revert-bucket-access", calls: []string{"s3:DeleteBucketPolicy"}, right: "none", stage: func(e *engine) (scene, error) {
		name, err := e.newBucket("ledger")
		return scene{name, func() error {
			_, err := e.s3().PutBucketPolicy(e.ctx, &s3.PutBucketPolicyInput{Bucket: &name, Policy: aws.String(strings.Replace(fmt.Sprintf(everybody, name), `"*"`, `{"AWS":"444455556666"}`, 1))})
			return err
		}, func() (string, error) {
			_, err := e.s3().GetBucketPolicy(e.ctx, &s3.GetBucketPolicyInput{Bucket: &name})
			if err != nil && strings.Contains(err.Error(), "NoSuchBucketPolicy") {
				return "none", nil
			}
			return "one", err
		}}, err
	}},
	{rule: "bucket-shared-with-another-account", playbook: "revert-bucket-access", calls: []string{"s3:PutBucketAcl"}, right: "1 grants", stage: func(e *engine) (scene, error) {
		name, err := e.newBucket("invoices")
		return scene{name, func() error {
			return e.grantAlso(name, s3types.Grantee{Type: s3types.TypeCanonicalUser, ID: &stranger})
		},
			func() (string, error) { return e.grants(name) }}, err
	}},
	{rule: "public-access-block-removed", playbook: "block-public-access", apart: true, calls: []string{"s3:PutPublicAccessBlock"}, right: "true", stage: func(e *engine) (scene, error) {
		name, err := e.newBucket("archive")
		if err == nil {
			_, err = e.s3().PutPublicAccessBlock(e.ctx, &s3.PutPublicAccessBlockInput{Bucket: &name, PublicAccessBlockConfiguration: &s3types.PublicAccessBlockConfiguration{
				BlockPublicAcls: aws.Bool(true), BlockPublicPolicy: aws.Bool(true), IgnorePublicAcls: aws.Bool(true), RestrictPublicBuckets: aws.Bool(true)}})
		}
		return scene{name, func() error {
			_, err := e.s3().DeletePublicAccessBlock(e.ctx, &s3.DeletePublicAccessBlockInput{Bucket: &name})
			return err
		}, func() (string, error) {
			out, err := e.s3().GetPublicAccessBlock(e.ctx, &s3.GetPublicAccessBlockInput{Bucket: &name})
			if err != nil && strings.Contains(err.Error(), "NoSuchPublicAccessBlockConfiguration") {
				return "none", nil
			}
			if err != nil {
				return "", err
			}
			return text(*out.PublicAccessBlockConfiguration.BlockPublicPolicy), nil
		}}, err
	}},
	{rule: "bucket-encryption-weakened", playbook: "encrypt-bucket", calls: []string{"s3:PutBucketEncryption"}, right: "aws:kms", stage: func(e *engine) (scene, error) {
		name, err := e.newBucket("orders")
		return scene{name, func() error {
			return e.tell("aws.config", "Config Rules Compliance Change", `{"awsAccountId":"111122223333","awsRegion":"eu-west-1","configRuleName":"s3-default-encryption-kms",
				"messageType":"ComplianceChangeNotification","resourceType":"AWS::S3::Bucket","resourceId":"`+name+`",
				"newEvaluationResult":{"complianceType":"NON_COMPLIANT","resultRecordedTime":"2024-05-01T12:00:00.123Z"}}`)
		}, func() (string, error) {
			out, err := e.s3().GetBucketEncryption(e.ctx, &s3.GetBucketEncryptionInput{Bucket: &name})
			if err != nil {
				return "", err
			}
			return string(out.ServerSideEncryptionConfiguration.Rules[0].ApplyServerSideEncryptionByDefault.SSEAlgorithm), nil
		}}, err
	}},
	{rule: "log-bucket-weakened", playbook: "protect-log-bucket", calls: []string{"s3:PutBucketVersioning"}, right: "Enabled", stage: func(e *engine) (scene, error) {
		name, err := e.newBucket("aws-cloudtrail-logs")
		versions := func(status s3types.BucketVersioningStatus) error {
			_, err := e.s3().PutBucketVersioning(e.ctx, &s3.PutBucketVersioningInput{Bucket: &name, VersioningConfiguration: &s3types.VersioningConfiguration{Status: status}})
			return err
		}
		if err == nil {
			err = versions(s3types.BucketVersioningStatusEnabled)
		}
		return scene{name, func() error { return versions(s3types.BucketVersioningStatusSuspended) }, func() (string, error) {
			out, err := e.s3().GetBucketVersioning(e.ctx, &s3.GetBucketVersioningInput{Bucket: &name})
			if err != nil {
				return "", err
			}
			return string(out.Status), nil
		}}, err
	}},
	{rule: "log-bucket-weakened", playbook: "protect-log-bucket", apart: true, calls: []string{"s3:PutBucketLifecycleConfiguration"}, right: "Disabled", stage: func(e *engine) (scene, error) {
		name, client := aws.String("trail-logs"), s3.NewFromConfig(e.As(e.Admin, "us-east-1"), func(o *s3.Options) { o.UsePathStyle = true })
		_, err := client.PutBucketVersioning(e.ctx, &s3.PutBucketVersioningInput{Bucket: name, VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusEnabled}})
		if err == nil {
			_, err = e.newTrail(false)
		}
		if err != nil && strings.Contains(err.Error(), "MaximumNumberOfTrailsExceeded") {
			err = nil // those of other stories deliver there too
		}
		return scene{`"trail-logs"`, func() error {
			_, err := client.PutBucketLifecycleConfiguration(e.ctx, &s3.PutBucketLifecycleConfigurationInput{Bucket: name, LifecycleConfiguration: &s3types.BucketLifecycleConfiguration{
				Rules: []s3types.LifecycleRule{{ID: aws.String("all"), Status: s3types.ExpirationStatusEnabled, Filter: &s3types.LifecycleRuleFilter{Prefix: aws.String("")},
					Expiration: &s3types.LifecycleExpiration{Days: aws.Int32(1)}}}}})
			return err
		}, func() (string, error) {
			out, err := client.GetBucketLifecycleConfiguration(e.ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: name})
			if err != nil {
				return "", err
			}
			return string(out.Rules[0].Status), nil
		}}, err
	}},
}

// newFunction makes one of an image.
func (e *engine) newFunction(of string) (string, error) {
	role, err := e.newRole(`{"Service":"lambda.amazonaws.com"}`)
	if err != nil {
		return "", err
	}
	name := e.name(of)
	_, err = lambda.NewFromConfig(e.admin).CreateFunction(e.ctx, &lambda.CreateFunctionInput{FunctionName: &name, Role: aws.String(arns + "role/" + role),
		PackageType: lambdatypes.PackageTypeImage, Code: &lambdatypes.FunctionCode{ImageUri: aws.String("111122223333.dkr.ecr.eu-west-1.amazonaws.com/" + of + ":1")}})
	return name, err
}

// services are the stories of keys, functions, databases and AWS Config.
var services = []story{
	{rule: "kms-key-deletion-scheduled", playbook: "keep-key", calls: []string{"kms:CancelKeyDeletion", "kms:EnableKey"}, right: "Enabled", stage: func(e *engine) (scene, error) {
		client := kms.NewFromConfig(e.admin)
		made, err := client.CreateKey(e.ctx, &kms.CreateKeyInput{})
		if err != nil {
			return scene{}, err
		}
		key := made.KeyMetadata.KeyId
		return scene{*key, func() error {
			_, err := client.ScheduleKeyDeletion(e.ctx, &kms.ScheduleKeyDeletionInput{KeyId: key, PendingWindowInDays: aws.Int32(7)})
			return err
		}, func() (string, error) {
			out, err := client.DescribeKey(e.ctx, &kms.DescribeKeyInput{KeyId: key})
			if err != nil {
				return "", err
			}
			return string(out.KeyMetadata.KeyState), nil
		}}, nil
	}},
	{rule: "function-made-public", playbook: "close-function", calls: []string{"lambda:RemovePermission"}, right: "closed", stage: func(e *engine) (scene, error) {
		client := lambda.NewFromConfig(e.admin)
		name, err := e.newFunction("payments")
		return scene{name, func() error {
			_, err := client.AddPermission(e.ctx, &lambda.AddPermissionInput{FunctionName: &name, StatementId: aws.String("open"), Action: aws.String("lambda:InvokeFunction"), Principal: aws.String("*")})
			return err
		}, func() (string, error) {
			_, err := client.GetPolicy(e.ctx, &lambda.GetPolicyInput{FunctionName: &name})
			if err != nil && strings.Contains(err.Error(), "ResourceNotFoundException") {
				return "closed", nil
			}
			return "open", err
		}}, err
	}},
	{rule: "snapshot-shared-publicly", playbook: "make-private", calls: []string{"rds:ModifyDBSnapshotAttribute"}, right: "[]", stage: func(e *engine) (scene, error) {
		client, name := rds.NewFromConfig(e.admin), e.name("payments")
		_, err := client.CreateDBInstance(e.ctx, &rds.CreateDBInstanceInput{DBInstanceIdentifier: &name, DBInstanceClass: aws.String("db.t4g.micro"), Engine: aws.String("postgres"),
			AllocatedStorage: aws.Int32(20), MasterUsername: aws.String("admin1"), MasterUserPassword: aws.String("example-example"), StorageEncrypted: aws.Bool(false)})
		snapshot := name + "-copy"
		if err == nil {
			_, err = client.CreateDBSnapshot(e.ctx, &rds.CreateDBSnapshotInput{DBInstanceIdentifier: &name, DBSnapshotIdentifier: &snapshot})
		}
		return scene{snapshot, func() error {
			_, err := client.ModifyDBSnapshotAttribute(e.ctx, &rds.ModifyDBSnapshotAttributeInput{DBSnapshotIdentifier: &snapshot, AttributeName: aws.String("restore"), ValuesToAdd: []string{"all"}})
			return err
		}, func() (string, error) {
			out, err := client.DescribeDBSnapshotAttributes(e.ctx, &rds.DescribeDBSnapshotAttributesInput{DBSnapshotIdentifier: &snapshot})
			if err != nil {
				return "", err
			}
			for _, a := range out.DBSnapshotAttributesResult.DBSnapshotAttributes {
				if *a.AttributeName == "restore" {
					return text(a.AttributeValues), nil
				}
			}
			return "[]", nil
		}}, err
	}},
	{rule: "config-recorder-stopped", playbook: "start-recorder", calls: []string{"config:StartConfigurationRecorder"}, right: "true", stage: func(e *engine) (scene, error) {
		client := configservice.NewFromConfig(e.admin)
		_, err := client.PutConfigurationRecorder(e.ctx, &configservice.PutConfigurationRecorderInput{ConfigurationRecorder: &configtypes.ConfigurationRecorder{
			Name: aws.String("main"), RoleARN: aws.String("arn:aws:iam::111122223333:role/config")}})
		if err == nil {
			_, err = client.PutDeliveryChannel(e.ctx, &configservice.PutDeliveryChannelInput{DeliveryChannel: &configtypes.DeliveryChannel{Name: aws.String("main"), S3BucketName: aws.String("trail-logs")}})
		}
		if err == nil {
			_, err = client.StartConfigurationRecorder(e.ctx, &configservice.StartConfigurationRecorderInput{ConfigurationRecorderName: aws.String("main")})
		}
		return scene{stage.Region, func() error {
			_, err := client.StopConfigurationRecorder(e.ctx, &configservice.StopConfigurationRecorderInput{ConfigurationRecorderName: aws.String("main")})
			return err
		}, func() (string, error) {
			out, err := client.DescribeConfigurationRecorderStatus(e.ctx, &configservice.DescribeConfigurationRecorderStatusInput{})
			if err != nil {
				return "", err
			}
			return text(out.ConfigurationRecordersStatus[0].Recording), nil
		}}, err
	}},
	{rule: "database-unencrypted", playbook: "encrypt-database", state: "TellStorage", stage: func(e *engine) (scene, error) {
		name := e.name("ledger")
		return scene{name, func() error {
			_, err := rds.NewFromConfig(e.admin).CreateDBInstance(e.ctx, &rds.CreateDBInstanceInput{DBInstanceIdentifier: &name, DBInstanceClass: aws.String("db.t4g.micro"),
				Engine: aws.String("postgres"), AllocatedStorage: aws.Int32(20), MasterUsername: aws.String("admin1"), MasterUserPassword: aws.String("example-example")})
			return err
		}, nil}, nil
	}},
	{rule: "security-hub-finding-severe", playbook: "tell-by-severity", state: "TellEverybody", stage: func(e *engine) (scene, error) {
		return scene{"i-0123456789abcdef0", func() error {
			return e.tell("aws.securityhub", "Security Hub Findings - Imported", `{"findings":[{"Id":"f-2","ProductArn":"arn:aws:securityhub:eu-west-1::product/aws/inspector",
				"ProductName":"Inspector","AwsAccountId":"111122223333","Region":"eu-west-1","Types":["Software and Configuration Checks/Vulnerabilities/CVE"],"Title":"CVE-2021-44228 - log4j",
				"Severity":{"Label":"CRITICAL"},"Resources":[{"Type":"AwsEc2Instance","Id":"arn:aws:ec2:eu-west-1:111122223333:instance/i-0123456789abcdef0"}],
				"Workflow":{"Status":"NEW"},"RecordState":"ACTIVE"}]}`)
		}, nil}, nil
	}},
}
