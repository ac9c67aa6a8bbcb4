package responses

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	secrettypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"riposte.dev/test/stage"
)

const arns = "arn:aws:iam::" + stage.Account + ":"

// iam is a client in the region of IAM's events.
func (e *engine) iam() *iam.Client { return iam.NewFromConfig(e.As(e.Admin, "us-east-1")) }

func (e *engine) newUser() (string, error) {
	name := e.name("erin")
	_, err := e.iam().CreateUser(e.ctx, &iam.CreateUserInput{UserName: &name})
	return name, err
}

// anybody of the account.
const anybody = `{"AWS":"` + stage.Account + `"}`

// newRole makes a role that a principal may assume.
func (e *engine) newRole(principal string) (string, error) {
	name := e.name("app")
	return name, e.createRole(name, principal)
}

func (e *engine) createRole(name, principal string) error {
	_, err := e.iam().CreateRole(e.ctx, &iam.CreateRoleInput{RoleName: &name,
		AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":` + principal + `,"Action":"sts:AssumeRole"}]}`)})
	return err
}

// keyOf is the state of a user's key.
func (e *engine) keyOf(user string) func() (string, error) {
	return func() (string, error) {
		out, err := e.iam().ListAccessKeys(e.ctx, &iam.ListAccessKeysInput{UserName: &user})
		if err != nil {
			return "", err
		}
		return string(out.AccessKeyMetadata[0].Status), nil
	}
}

// ofUser lists the inline policies of a user.
func (e *engine) ofUser(name string) func() (string, error) {
	return func() (string, error) {
		out, err := e.iam().ListUserPolicies(e.ctx, &iam.ListUserPoliciesInput{UserName: &name})
		if err != nil {
			return "", err
		}
		return text(out.PolicyNames), nil
	}
}

// ofRole lists the inline policies of a role.
func (e *engine) ofRole(name string) func() (string, error) {
	return func() (string, error) {
		out, err := e.iam().ListRolePolicies(e.ctx, &iam.ListRolePoliciesInput{RoleName: &name})
		if err != nil {
			return "", err
		}
		return text(out.PolicyNames), nil
	}
}

// signsIn posts the record of a sign-in, which the sandbox has no console for.
func (e *engine) signsIn(user, identity, mfa, from string) error {
	return e.tell("aws.signin", "AWS Console Sign In via CloudTrail", fmt.Sprintf(`{"eventVersion":"1.08","eventID":%q,"eventTime":%q,"eventSource":"signin.amazonaws.com",
		"eventName":"ConsoleLogin","eventType":"AwsConsoleSignIn","awsRegion":%q,"recipientAccountId":%q,"sourceIPAddress":%q,"userAgent":"browser",
		"userIdentity":{"type":%q,"accountId":%q,"arn":%q,"userName":%q},"responseElements":{"ConsoleLogin":"Success"},
		"additionalEventData":{"MobileVersion":"No","MFAUsed":%q}}`, e.name("sign-in"), time.Now().UTC().Format(time.RFC3339), stage.Region, stage.Account, from,
		identity, stage.Account, arns+user, user[strings.IndexByte(user, '/')+1:], mfa))
}

// record posts CloudTrail's record of a call by mallory that the sandbox does not tell of.
func (e *engine) record(service, name, parameters string) error {
	return e.tell("aws."+service, "AWS API Call via CloudTrail", fmt.Sprintf(`{"eventVersion":"1.08","eventID":%q,"eventTime":%q,"eventSource":"%s.amazonaws.com",
		"eventName":%q,"awsRegion":%q,"recipientAccountId":%q,"userIdentity":{"type":"IAMUser","arn":%q,"accountId":%q,"userName":"mallory"},"requestParameters":%s}`,
		e.name("record"), time.Now().UTC().Format(time.RFC3339), service, name, stage.Region, stage.Account, arns+"user/mallory", stage.Account, parameters))
}

const admins = "arn:aws:iam::aws:policy/AdministratorAccess"

const everything = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`

// identities are the stories of users, roles, keys and policies.
var identities = []story{
	{rule: "user-credentials-abused", playbook: "contain-principal", calls: []string{"iam:UpdateAccessKey"}, right: "Inactive", stage: func(e *engine) (scene, error) {
		return scene{e.Intruder.AccessKeyID, func() error {
			return e.finding(fmt.Sprintf(`"type":"UnauthorizedAccess:IAMUser/MaliciousIPCaller.Custom","severity":5,"resource":{"resourceType":"AccessKey","accessKeyDetails":{
				"accessKeyId":%q,"principalId":"AIDACKCEVSQ6C2EXAMPLE","userType":"IAMUser","userName":"mallory"}},"service":{"archived":false}`, e.Intruder.AccessKeyID))
		}, e.keyOf("mallory")}, nil
	}},
	{rule: "access-key-exposed", playbook: "contain-principal", calls: []string{"iam:UpdateAccessKey"}, right: "Inactive", stage: func(e *engine) (scene, error) {
		return scene{e.Intruder.AccessKeyID, func() error {
			return e.tell("aws.health", "AWS Health Event", `{"eventArn":"arn:aws:health:us-east-1::event/RISK/AWS_RISK_CREDENTIALS_EXPOSED/AWS_RISK_CREDENTIALS_EXPOSED_0a1b2c3d4e5f67890","service":"RISK","eventTypeCategory":"issue",
				"eventTypeCode":"AWS_RISK_CREDENTIALS_EXPOSED","eventDescription":[{"language":"en_US","latestDescription":"A key was found in public."}],
				"affectedEntities":[{"entityValue":"`+e.Intruder.AccessKeyID+`"}]}`)
		}, e.keyOf("mallory")}, nil
	}},
	{rule: "access-key-created-for-another-user", playbook: "contain-principal", calls: []string{"iam:UpdateAccessKey"}, right: "Inactive", stage: func(e *engine) (scene, error) {
		name, err := e.newUser()
		return scene{"AKIA", func() error {
			_, err := e.iam().CreateAccessKey(e.ctx, &iam.CreateAccessKeyInput{UserName: &name})
			return err
		}, e.keyOf(name)}, err
	}},
	{rule: "role-credentials-abused", playbook: "contain-principal", calls: []string{"iam:PutRolePolicy"}, right: "[riposte-revoke-sessions]", stage: func(e *engine) (scene, error) {
		name, err := e.newRole(anybody)
		return scene{name, func() error {
			return e.finding(fmt.Sprintf(`"type":"UnauthorizedAccess:IAMUser/TorIPCaller","severity":5,"resource":{"resourceType":"AccessKey","accessKeyDetails":{
				"accessKeyId":"ASIAIOSFODNN7EXAMPLE","principalId":"AROACKCEVSQ6C2EXAMPLE:deploy","userType":"AssumedRole","userName":%q}},"service":{"archived":false}`, name))
		}, e.ofRole(name)}, err
	}},
	{rule: "sign-in-from-listed-address", playbook: "contain-principal", calls: []string{"iam:PutUserPolicy"}, right: "[riposte-revoke-sessions]", stage: func(e *engine) (scene, error) {
		name, err := e.newUser()
		return scene{name, func() error { return e.signsIn("user/"+name, "IAMUser", "Yes", "203.0.113.7") }, e.ofUser(name)}, err
	}},
	{rule: "instance-credentials-stolen", playbook: "revoke-instance-credentials", calls: []string{"iam:PutRolePolicy", "ec2:ModifyInstanceMetadataOptions"}, right: "[riposte-revoke-sessions] required",
		stage: func(e *engine) (scene, error) {
			role, err := e.newRole(anybody)
			if err != nil {
				return scene{}, err
			}
			id, err := e.newInstance()
			return scene{id, func() error {
				return e.finding(fmt.Sprintf(`"type":"UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS","severity":8,"resource":{"resourceType":"AccessKey",
				"accessKeyDetails":{"accessKeyId":"ASIAIOSFODNN7EXAMPLE","principalId":"AROACKCEVSQ6C2EXAMPLE:%s","userType":"AssumedRole","userName":%q}},"service":{"archived":false}`, id, role))
			}, func() (string, error) {
				policies, err := e.ofRole(role)()
				if err != nil {
					return "", err
				}
				out, err := e.ec2().DescribeInstances(e.ctx, &ec2.DescribeInstancesInput{InstanceIds: []string{id}})
				if err != nil {
					return "", err
				}
				return policies + " " + string(out.Reservations[0].Instances[0].MetadataOptions.HttpTokens), nil
			}}, err
		}},
	{rule: "mfa-device-removed", playbook: "deny-without-mfa", calls: []string{"iam:PutUserPolicy"}, right: "[riposte-deny-without-mfa]", stage: func(e *engine) (scene, error) {
		name, err := e.newUser()
		if err != nil {
			return scene{}, err
		}
		device, err := e.iam().CreateVirtualMFADevice(e.ctx, &iam.CreateVirtualMFADeviceInput{VirtualMFADeviceName: &name})
		if err != nil {
			return scene{}, err
		}
		_, err = e.iam().EnableMFADevice(e.ctx, &iam.EnableMFADeviceInput{UserName: &name, SerialNumber: device.VirtualMFADevice.SerialNumber,
			AuthenticationCode1: aws.String("123456"), AuthenticationCode2: aws.String("654321")})
		return scene{name, func() error {
			_, err := e.iam().DeactivateMFADevice(e.ctx, &iam.DeactivateMFADeviceInput{UserName: &name, SerialNumber: device.VirtualMFADevice.SerialNumber})
			return err
		}, e.ofUser(name)}, err
	}},
	{rule: "cis-iam-user-sign-in-without-mfa", playbook: "deny-without-mfa", calls: []string{"iam:PutUserPolicy"}, dry: true, stage: func(e *engine) (scene, error) {
		name, err := e.newUser()
		return scene{name, func() error { return e.signsIn("user/"+name, "IAMUser", "No", "192.0.2.10") }, e.ofUser(name)}, err
	}},
	{rule: "password-policy-weakened", playbook: "restore-password-policy", calls: []string{"iam:UpdateAccountPasswordPolicy"}, right: "14", stage: func(e *engine) (scene, error) {
		return scene{"us-east-1", func() error {
			_, err := e.iam().UpdateAccountPasswordPolicy(e.ctx, &iam.UpdateAccountPasswordPolicyInput{MinimumPasswordLength: aws.Int32(8), PasswordReusePrevention: aws.Int32(24)})
			return err
		}, func() (string, error) {
			out, err := e.iam().GetAccountPasswordPolicy(e.ctx, &iam.GetAccountPasswordPolicyInput{})
			if err != nil {
				return "", err
			}
			return text(*out.PasswordPolicy.MinimumPasswordLength), nil
		}}, nil
	}},
	{rule: "admin-policy-attached", playbook: "take-admin-away", calls: []string{"iam:DetachUserPolicy"}, right: "0 policies", stage: func(e *engine) (scene, error) {
		name, err := e.newUser()
		return scene{name, func() error {
			_, err := e.iam().AttachUserPolicy(e.ctx, &iam.AttachUserPolicyInput{UserName: &name, PolicyArn: aws.String(admins)})
			return err
		}, func() (string, error) {
			out, err := e.iam().ListAttachedUserPolicies(e.ctx, &iam.ListAttachedUserPoliciesInput{UserName: &name})
			if err != nil {
				return "", err
			}
			return fmt.Sprint(len(out.AttachedPolicies), " policies"), nil
		}}, err
	}},
	{rule: "admin-policy-written", playbook: "take-admin-away", calls: []string{"iam:DeleteRolePolicy"}, right: "[]", stage: func(e *engine) (scene, error) {
		name, err := e.newRole(anybody)
		return scene{name, func() error {
			_, err := e.iam().PutRolePolicy(e.ctx, &iam.PutRolePolicyInput{RoleName: &name, PolicyName: aws.String("extra"), PolicyDocument: aws.String(everything)})
			return err
		}, e.ofRole(name)}, err
	}},
	{rule: "admin-policy-written", playbook: "take-admin-away", calls: []string{"iam:SetDefaultPolicyVersion"}, right: "v1", stage: func(e *engine) (scene, error) {
		name := e.name("reader")
		made, err := e.iam().CreatePolicy(e.ctx, &iam.CreatePolicyInput{PolicyName: &name, PolicyDocument: aws.String(strings.Replace(everything, `"Action":"*"`, `"Action":"s3:GetObject"`, 1))})
		return scene{name, func() error {
			_, err := e.iam().CreatePolicyVersion(e.ctx, &iam.CreatePolicyVersionInput{PolicyArn: made.Policy.Arn, PolicyDocument: aws.String(everything), SetAsDefault: true})
			return err
		}, func() (string, error) {
			out, err := e.iam().GetPolicy(e.ctx, &iam.GetPolicyInput{PolicyArn: made.Policy.Arn})
			if err != nil {
				return "", err
			}
			return *out.Policy.DefaultVersionId, nil
		}}, err
	}},
	{rule: "role-trust-opened", playbook: "revert-trust-policy", calls: []string{"iam:UpdateAssumeRolePolicy"}, right: "closed", stage: func(e *engine) (scene, error) {
		name, err := e.newRole(anybody)
		return scene{name, func() error {
			_, err := e.iam().UpdateAssumeRolePolicy(e.ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: &name,
				PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"sts:AssumeRole"}]}`)})
			return err
		}, func() (string, error) {
			out, err := e.iam().GetRole(e.ctx, &iam.GetRoleInput{RoleName: &name})
			if err != nil {
				return "", err
			}
			if strings.Contains(*out.Role.AssumeRolePolicyDocument, "444455556666") {
				return "open", nil
			}
			return "closed", nil
		}}, err
	}},
	{rule: "powerful-role-assumed", playbook: "watch-role", calls: []string{"iam:PutRolePolicy"}, state: "TellExpected", stage: func(e *engine) (scene, error) {
		name := e.name("AdministratorAccess")
		err := e.createRole(name, anybody)
		return scene{name, func() error {
			return e.record("sts", "AssumeRole", fmt.Sprintf(`{"roleArn":%q,"roleSessionName":"night-shift"}`, arns+"role/"+name))
		}, e.ofRole(name)}, err
	}},
	{rule: "root-console-sign-in", playbook: "ask-about-root", state: "Done", stage: func(e *engine) (scene, error) {
		return scene{":root", func() error { return e.signsIn("root", "Root", "No", "192.0.2.10") }, nil}, nil
	}},
	{rule: "secret-shared-with-everybody", playbook: "rotate-secret", calls: []string{"secretsmanager:DeleteResourcePolicy", "secretsmanager:RotateSecret"}, right: "policy ", stays: true, stage: func(e *engine) (scene, error) {
		name, client := e.name("payments"), secretsmanager.NewFromConfig(e.admin)
		_, err := client.CreateSecret(e.ctx, &secretsmanager.CreateSecretInput{Name: &name, SecretString: aws.String("example")})
		if err == nil {
			_, err = client.RotateSecret(e.ctx, &secretsmanager.RotateSecretInput{SecretId: &name, RotateImmediately: aws.Bool(false),
				RotationLambdaARN: aws.String("arn:aws:lambda:eu-west-1:111122223333:function:rotate"), RotationRules: &secrettypes.RotationRulesType{AutomaticallyAfterDays: aws.Int64(30)}})
		}
		return scene{name, func() error {
			_, err := client.PutResourcePolicy(e.ctx, &secretsmanager.PutResourcePolicyInput{SecretId: &name, ResourcePolicy: aws.String(fmt.Sprintf(anyone, "secretsmanager:GetSecretValue"))})
			return err
		}, func() (string, error) {
			out, err := client.GetResourcePolicy(e.ctx, &secretsmanager.GetResourcePolicyInput{SecretId: &name})
			if err != nil {
				return "", err
			}
			return "policy " + aws.ToString(out.ResourcePolicy), nil
		}}, err
	}},
}

// stories are all of them. Trails come first, because one of them starts every stopped one.
var stories = slices.Concat(trails, buckets, policies, services, detectors, network, identities, documents, more, watched, webACLs, balancers)
