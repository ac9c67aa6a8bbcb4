package responses

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/inspector2"
	inspectortypes "github.com/aws/aws-sdk-go-v2/service/inspector2/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"
	waftypes "github.com/aws/aws-sdk-go-v2/service/wafv2/types"

	"riposte.dev/test/stage"
)

func (e *engine) ec2() *ec2.Client { return ec2.NewFromConfig(e.admin) }

// opens is the story of a security group into which somebody lets the world.
func opens(rule, playbook string, port int32) story {
	return story{rule: rule, playbook: playbook, calls: []string{"ec2:RevokeSecurityGroupIngress"}, right: "0 rules", stage: func(e *engine) (scene, error) {
		made, err := e.ec2().CreateSecurityGroup(e.ctx, &ec2.CreateSecurityGroupInput{GroupName: aws.String(e.name("web")), Description: aws.String("web")})
		if err != nil {
			return scene{}, err
		}
		return scene{*made.GroupId, func() error {
			_, err := e.ec2().AuthorizeSecurityGroupIngress(e.ctx, &ec2.AuthorizeSecurityGroupIngressInput{GroupId: made.GroupId, IpPermissions: []types.IpPermission{
				{IpProtocol: aws.String("tcp"), FromPort: &port, ToPort: &port, IpRanges: []types.IpRange{{CidrIp: aws.String("0.0.0.0/0")}}}}})
			return err
		}, func() (string, error) {
			out, err := e.ec2().DescribeSecurityGroups(e.ctx, &ec2.DescribeSecurityGroupsInput{GroupIds: []string{*made.GroupId}})
			if err != nil {
				return "", err
			}
			return strconv.Itoa(len(out.SecurityGroups[0].IpPermissions)) + " rules", nil
		}}, nil
	}}
}

// newInstance launches one.
func (e *engine) newInstance() (string, error) {
	out, err := e.ec2().RunInstances(e.ctx, &ec2.RunInstancesInput{ImageId: aws.String("ami-01234567"), MinCount: aws.Int32(1), MaxCount: aws.Int32(1)})
	if err != nil {
		return "", err
	}
	return *out.Instances[0].InstanceId, nil
}

// finding posts what GuardDuty says. detail is what stands beside the finding's id.
func (e *engine) finding(detail string) error {
	return e.tell("aws.guardduty", "GuardDuty Finding", fmt.Sprintf(`{"id":%q,"title":"It happened","description":"It happened.",%s}`, e.name("finding"), detail))
}

func instanceDetail(kind string, severity int, id string) string {
	return fmt.Sprintf(`"type":%q,"severity":%d,"resource":{"resourceType":"Instance","instanceDetails":{"instanceId":%q}},"service":{"archived":false}`, kind, severity, id)
}

// isolates is the story of an instance that is cut off.
func isolates(rule, kind string, severity int) story {
	return story{rule: rule, playbook: "isolate-instance", right: "isolated", apart: true, stage: func(e *engine) (scene, error) {
		id, err := e.newInstance()
		return scene{id, func() error { return e.finding(instanceDetail(kind, severity, id)) }, func() (string, error) {
			out, err := e.ec2().DescribeInstances(e.ctx, &ec2.DescribeInstancesInput{InstanceIds: []string{id}})
			if err != nil {
				return "", err
			}
			if slices.ContainsFunc(out.Reservations[0].Instances[0].SecurityGroups, func(g types.GroupIdentifier) bool { return *g.GroupName == "riposte-forensics" }) {
				return "isolated", nil
			}
			return "reached", nil
		}}, err
	}, calls: []string{"ec2:CreateSnapshots", "ec2:ModifyInstanceAttribute", "ec2:CreateSecurityGroup", "ec2:RevokeSecurityGroupEgress", "ec2:ModifyNetworkInterfaceAttribute", "ec2:CreateTags"}}
}

// inspects is the story of an instance that is looked into: its volumes are kept, and it is scanned.
func inspects(rule string, happens func(e *engine, id string) error) story {
	return story{rule: rule, playbook: "inspect-instance", right: "1 snapshots", state: "Tell", stays: true, abreast: true, stage: func(e *engine) (scene, error) {
		id, err := e.newInstance()
		if err == nil {
			err = e.watch(id)
		}
		if err != nil {
			return scene{}, err
		}
		volumes, err := e.ec2().DescribeVolumes(e.ctx, &ec2.DescribeVolumesInput{Filters: []types.Filter{{Name: aws.String("attachment.instance-id"), Values: []string{id}}}})
		if err != nil {
			return scene{}, err
		}
		return scene{id, func() error { return happens(e, id) }, func() (string, error) {
			out, err := e.ec2().DescribeSnapshots(e.ctx, &ec2.DescribeSnapshotsInput{OwnerIds: []string{"self"}})
			if err != nil {
				return "", err
			}
			n := 0
			for _, s := range out.Snapshots {
				if *s.VolumeId == *volumes.Volumes[0].VolumeId {
					n++
				}
			}
			return strconv.Itoa(n) + " snapshots", nil
		}}, nil
	}, calls: []string{"ec2:CreateSnapshots", "guardduty:StartMalwareScan", "ssm:StartAssociationsOnce"}}
}

// watch has Systems Manager manage the instance, Inspector scan instances anew, and GuardDuty watch the account.
func (e *engine) watch(instance string) error {
	_, err := e.ec2().AssociateIamInstanceProfile(e.ctx, &ec2.AssociateIamInstanceProfileInput{
		InstanceId: &instance, IamInstanceProfile: &types.IamInstanceProfileSpecification{Name: aws.String("managed")},
	})
	scans, instances := inspector2.NewFromConfig(e.admin), []inspectortypes.ResourceScanType{inspectortypes.ResourceScanTypeEc2}
	if err == nil {
		_, err = scans.Disable(e.ctx, &inspector2.DisableInput{ResourceTypes: instances})
	}
	if err == nil {
		_, err = scans.Enable(e.ctx, &inspector2.EnableInput{ResourceTypes: instances})
	}
	if err == nil {
		_, err = e.detector()
	}
	return err
}

// blocks is the story of an address that is put into the set of blocked ones.
func blocks(rule, address string, happens func(e *engine) error) story {
	return story{rule: rule, playbook: "block-address", calls: []string{"wafv2:UpdateIPSet"}, right: "in", stage: func(e *engine) (scene, error) {
		client := wafv2.NewFromConfig(e.admin)
		name := aws.String("riposte-blocked")
		_, err := client.CreateIPSet(e.ctx, &wafv2.CreateIPSetInput{Name: name, Scope: waftypes.ScopeRegional, IPAddressVersion: waftypes.IPAddressVersionIpv4, Addresses: []string{}})
		if err != nil && !strings.Contains(err.Error(), "WAFDuplicateItemException") {
			return scene{}, err
		}
		sets, err := client.ListIPSets(e.ctx, &wafv2.ListIPSetsInput{Scope: waftypes.ScopeRegional})
		if err != nil {
			return scene{}, err
		}
		return scene{address, func() error { return happens(e) }, func() (string, error) {
			out, err := client.GetIPSet(e.ctx, &wafv2.GetIPSetInput{Name: name, Id: sets.IPSets[0].Id, Scope: waftypes.ScopeRegional})
			if err != nil {
				return "", err
			}
			if slices.Contains(out.IPSet.Addresses, address+"/32") {
				return "in", nil
			}
			return "out", nil
		}}, nil
	}}
}

// network are the stories of security groups, instances, addresses, volumes and images.
var network = []story{
	opens("remote-admin-port-opened", "close-remote-admin-ports", 22),
	opens("sensitive-port-opened", "revert-security-group", 5432),
	isolates("instance-compromised", "CryptoCurrency:EC2/BitcoinTool.B!DNS", 8),
	isolates("instance-traffic-unusual", "Behavior:EC2/TrafficVolumeUnusual", 5),
	inspects("instance-suspicious", func(e *engine, id string) error {
		return e.finding(instanceDetail("Impact:EC2/SuspiciousDomainRequest.Reputation", 5, id))
	}),
	inspects("instance-traffic-alarm", func(e *engine, id string) error {
		return e.tell("aws.cloudwatch", "CloudWatch Alarm State Change", `{"alarmName":"web-traffic","configuration":{"metrics":[{"id":"m1","returnData":true,"metricStat":{
			"metric":{"dimensions":{"InstanceId":"`+id+`"},"name":"NetworkOut","namespace":"AWS/EC2"},"period":300,"stat":"Sum"}}]},
			"previousState":{"value":"OK"},"state":{"value":"ALARM","reason":"Threshold Crossed.","timestamp":"2024-05-01T12:00:00.000+0000"}}`)
	}),
	{rule: "instance-vulnerable", playbook: "patch-instance", calls: []string{"ssm:SendCommand"}, right: "1 commands", stays: true, stage: func(e *engine) (scene, error) {
		id, err := e.newInstance()
		if err == nil {
			err = e.watch(id)
		}
		return scene{id, func() error {
			return e.tell("aws.inspector2", "Inspector2 Finding", fmt.Sprintf(`{"type":"PACKAGE_VULNERABILITY","severity":"CRITICAL","status":"ACTIVE","fixAvailable":"YES",
				"title":"CVE-2021-44228 - log4j","description":"It is there.","findingArn":%q,"resources":[{"type":"AWS_EC2_INSTANCE","id":%q}]}`, e.name("finding"), id))
		}, func() (string, error) {
			out, err := ssm.NewFromConfig(e.admin).ListCommands(e.ctx, &ssm.ListCommandsInput{InstanceId: &id})
			if err != nil {
				return "", err
			}
			return strconv.Itoa(len(out.Commands)) + " commands", nil
		}}, err
	}},
	blocks("brute-force-address", "203.0.113.7", func(e *engine) error {
		return e.finding(`"type":"UnauthorizedAccess:EC2/SSHBruteForce","severity":2,"resource":{"instanceDetails":{"instanceId":"i-0123456789abcdef0"}},
			"service":{"resourceRole":"TARGET","archived":false,"action":{"networkConnectionAction":{"connectionDirection":"INBOUND","remoteIpDetails":{"ipAddressV4":"203.0.113.7"}}}}`)
	}),
	blocks("flow-log-rejections", "203.0.113.8", func(e *engine) error {
		return e.tell("aws.cloudwatch", "CloudWatch Alarm Contributor State Change", `{"alarmName":"riposte-rejected","alarmContributor":{"id":"6d442278dba546f6",
			"attributes":{"SourceAddress":"203.0.113.8"}},"state":{"value":"ALARM","reason":"Threshold Crossed.","timestamp":"2024-05-01T12:00:00.919+0000"}}`)
	}),
	{rule: "ebs-default-encryption-disabled", playbook: "encrypt-new-volumes", calls: []string{"ec2:EnableEbsEncryptionByDefault"}, right: "true", stage: func(e *engine) (scene, error) {
		_, err := e.ec2().EnableEbsEncryptionByDefault(e.ctx, &ec2.EnableEbsEncryptionByDefaultInput{})
		return scene{stage.Region, func() error {
			_, err := e.ec2().DisableEbsEncryptionByDefault(e.ctx, &ec2.DisableEbsEncryptionByDefaultInput{})
			return err
		}, func() (string, error) {
			out, err := e.ec2().GetEbsEncryptionByDefault(e.ctx, &ec2.GetEbsEncryptionByDefaultInput{})
			if err != nil {
				return "", err
			}
			return text(*out.EbsEncryptionByDefault), nil
		}}, err
	}},
	{rule: "volume-unencrypted", playbook: "encrypt-new-volumes", calls: []string{"ec2:EnableEbsEncryptionByDefault"}, right: "true", stage: func(e *engine) (scene, error) {
		return scene{"vol-0123456789abcdef0", func() error {
			return e.tell("aws.config", "Config Rules Compliance Change", `{"awsAccountId":"111122223333","awsRegion":"eu-west-1","configRuleName":"encrypted-volumes",
				"messageType":"ComplianceChangeNotification","resourceType":"AWS::EC2::Volume","resourceId":"vol-0123456789abcdef0",
				"newEvaluationResult":{"complianceType":"NON_COMPLIANT","resultRecordedTime":"2024-05-01T12:00:00.123Z"}}`)
		}, func() (string, error) {
			out, err := e.ec2().GetEbsEncryptionByDefault(e.ctx, &ec2.GetEbsEncryptionByDefaultInput{})
			if err != nil {
				return "", err
			}
			return text(*out.EbsEncryptionByDefault), nil
		}}, nil
	}},
	{rule: "snapshot-shared-publicly", playbook: "make-private", calls: []string{"ec2:ModifySnapshotAttribute"}, right: "0 permissions", stage: func(e *engine) (scene, error) {
		id, err := e.newInstance()
		if err != nil {
			return scene{}, err
		}
		made, err := e.ec2().CreateSnapshots(e.ctx, &ec2.CreateSnapshotsInput{InstanceSpecification: &types.InstanceSpecification{InstanceId: &id}})
		if err != nil {
			return scene{}, err
		}
		snapshot := made.Snapshots[0].SnapshotId
		return scene{*snapshot, func() error {
			_, err := e.ec2().ModifySnapshotAttribute(e.ctx, &ec2.ModifySnapshotAttributeInput{SnapshotId: snapshot, CreateVolumePermission: &types.CreateVolumePermissionModifications{
				Add: []types.CreateVolumePermission{{Group: types.PermissionGroupAll}}}})
			return err
		}, func() (string, error) {
			out, err := e.ec2().DescribeSnapshotAttribute(e.ctx, &ec2.DescribeSnapshotAttributeInput{SnapshotId: snapshot, Attribute: types.SnapshotAttributeNameCreateVolumePermission})
			if err != nil {
				return "", err
			}
			return strconv.Itoa(len(out.CreateVolumePermissions)) + " permissions", nil
		}}, nil
	}},
	{rule: "ami-shared-publicly", playbook: "make-private", calls: []string{"ec2:ModifyImageAttribute"}, right: "0 permissions", stage: func(e *engine) (scene, error) {
		made, err := e.ec2().RegisterImage(e.ctx, &ec2.RegisterImageInput{Name: aws.String(e.name("web"))})
		if err != nil {
			return scene{}, err
		}
		return scene{*made.ImageId, func() error {
			_, err := e.ec2().ModifyImageAttribute(e.ctx, &ec2.ModifyImageAttributeInput{ImageId: made.ImageId, LaunchPermission: &types.LaunchPermissionModifications{
				Add: []types.LaunchPermission{{Group: types.PermissionGroupAll}}}})
			return err
		}, func() (string, error) {
			out, err := e.ec2().DescribeImageAttribute(e.ctx, &ec2.DescribeImageAttributeInput{ImageId: made.ImageId, Attribute: types.ImageAttributeNameLaunchPermission})
			if err != nil {
				return "", err
			}
			return strconv.Itoa(len(out.LaunchPermissions)) + " permissions", nil
		}}, nil
	}},
	{rule: "flow-logs-deleted", playbook: "restore-flow-logs", calls: []string{"ec2:CreateFlowLogs"}, right: "1 flow logs", stage: func(e *engine) (scene, error) {
		made, err := e.ec2().CreateVpc(e.ctx, &ec2.CreateVpcInput{CidrBlock: aws.String("10.1.0.0/16")})
		if err != nil {
			return scene{}, err
		}
		vpc := *made.Vpc.VpcId
		logs, err := e.ec2().CreateFlowLogs(e.ctx, &ec2.CreateFlowLogsInput{ResourceIds: []string{vpc}, ResourceType: types.FlowLogsResourceTypeVpc,
			TrafficType: types.TrafficTypeAll, LogDestinationType: types.LogDestinationTypeS3, LogDestination: aws.String("arn:aws:s3:::trail-logs")})
		if err != nil {
			return scene{}, err
		}
		return scene{logs.FlowLogIds[0], func() error {
			_, err := e.ec2().DeleteFlowLogs(e.ctx, &ec2.DeleteFlowLogsInput{FlowLogIds: logs.FlowLogIds})
			return err
		}, func() (string, error) {
			out, err := e.ec2().DescribeFlowLogs(e.ctx, &ec2.DescribeFlowLogsInput{Filter: []types.Filter{{Name: aws.String("resource-id"), Values: []string{vpc}}}})
			if err != nil {
				return "", err
			}
			return strconv.Itoa(len(out.FlowLogs)) + " flow logs", nil
		}}, nil
	}},
}
