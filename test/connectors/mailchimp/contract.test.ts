import { keepsTheContract } from '../../conformance/keeps-the-contract.ts';
import { mailchimpSubject } from './subject.ts';

keepsTheContract('mailchimp', mailchimpSubject);
