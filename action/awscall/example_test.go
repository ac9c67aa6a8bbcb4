package awscall_test

import (
	"fmt"

	"github.com/aws/smithy-go"

	"riposte.dev/action/awscall"
	"riposte.dev/fault"
)

func ExampleFault() {
	refused := &smithy.GenericAPIError{Code: "UnauthorizedOperation", Message: "You are not authorized to perform this operation."}
	err := awscall.Fault(refused, "ec2:DescribeVpcs", "read the tags of %s", "vpc-0123")
	fmt.Println(fault.CodeOf(err))
	fmt.Println(fault.Message(err))
	fmt.Println(fault.Hint(err))
	// Output:
	// denied
	// read the tags of vpc-0123: UnauthorizedOperation: You are not authorized to perform this operation.
	// allow ec2:DescribeVpcs for the role that riposte uses there, and check service control policies
}
