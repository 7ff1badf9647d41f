"""The model server of the container contract: GET /ping and POST /invocations.

    main            `serve`: loads the model, listens, runs until SIGTERM
    listener        sockets and the end: refuse new, finish what is there
    connection      HTTP/1.1 of one client, by httptools
    routes          path → who answers
    predictor       the thread that runs models, so that the loop always answers; requests that arrive together
                    are predicted together
    handler         what an image, or a user's script, has to offer
    message         Request, Response, Refused

Source: SageMaker developer guide, "Use Your Own Inference Code with Hosting Services".
"""
