package responses

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// newBalancer makes a load balancer with a target group, and returns the ARNs of both.
func (e *engine) newBalancer() (balancer, group string, err error) {
	client, name := elb.NewFromConfig(e.admin), e.name("shop")
	made, err := client.CreateLoadBalancer(e.ctx, &elb.CreateLoadBalancerInput{Name: &name})
	if err != nil {
		return "", "", err
	}
	vpc, err := e.ec2().CreateVpc(e.ctx, &ec2.CreateVpcInput{CidrBlock: aws.String("10.4.0.0/16")})
	if err != nil {
		return "", "", err
	}
	targets, err := client.CreateTargetGroup(e.ctx, &elb.CreateTargetGroupInput{Name: &name, Protocol: types.ProtocolEnumHttp, Port: aws.Int32(8080), VpcId: vpc.Vpc.VpcId})
	if err != nil {
		return "", "", err
	}
	return *made.LoadBalancers[0].LoadBalancerArn, *targets.TargetGroups[0].TargetGroupArn, nil
}

// listen makes a listener that hands on to the target group.
func (e *engine) listen(protocol types.ProtocolEnum, port int32, balancer, group string) error {
	in := &elb.CreateListenerInput{LoadBalancerArn: &balancer, Protocol: protocol, Port: &port,
		DefaultActions: []types.Action{{Type: types.ActionTypeEnumForward, TargetGroupArn: &group}}}
	if protocol == types.ProtocolEnumHttps {
		in.Certificates = []types.Certificate{{CertificateArn: aws.String("arn:aws:acm:eu-west-1:111122223333:certificate/0c5d3a5a-0000-4000-8000-000000000000")}}
	}
	_, err := elb.NewFromConfig(e.admin).CreateListener(e.ctx, in)
	return err
}

// plain is the story of a listener that takes plain HTTP; secure: beside one that speaks TLS.
func plain(secure bool) story {
	s := story{rule: "listener-takes-plain-http", playbook: "redirect-http", state: "TellEscalated", stage: func(e *engine) (scene, error) {
		balancer, group, err := e.newBalancer()
		if err == nil && secure {
			err = e.listen(types.ProtocolEnumHttps, 443, balancer, group)
		}
		return scene{balancer, func() error { return e.listen(types.ProtocolEnumHttp, 80, balancer, group) }, func() (string, error) {
			out, err := elb.NewFromConfig(e.admin).DescribeListeners(e.ctx, &elb.DescribeListenersInput{LoadBalancerArn: &balancer})
			if err != nil {
				return "", err
			}
			return string(out.Listeners[len(out.Listeners)-1].DefaultActions[0].Type), nil
		}}, err
	}}
	if secure {
		s.calls, s.right, s.state = []string{"elasticloadbalancing:ModifyListener"}, "redirect", "Tell"
	}
	return s
}

// balancers are the stories of load balancers.
var balancers = []story{plain(true), plain(false)}
