"""What LocalStack needs to run here without Docker, as plugins that it finds by their entry points.

    plugin        the entry points: the Lambda executor `process`, and a hook that runs before LocalStack starts
    executor      LocalStack's contract for an executor, on top of a sandbox
    sandbox       one execution environment of a function: start, invoke, time out, start anew, stop
    runtime       one process of the AWS runtime interface client, from start to end
    runtime_api   the HTTP interface that this process asks for its next invocation
    environment   the variables that a function sees
    answers       what Lambda answers and logs when an invocation ends in some other way than by returning
    cloudwatch    writes an invocation's log before its answer is given
    emulators     Kinesis and DynamoDB from the npm packages, on loopback
    table_streams the changes of an item in their order
    catalog       which CloudFormation types there are, without asking LocalStack's maker
    tether        lets a child process die with its parent

Only plugin, executor, cloudwatch, emulators, table_streams and catalog import LocalStack; the rest needs no package.
"""
