import { catchesBreakages } from '../../conformance/breakages.ts';
import { mailchimpSubject } from './subject.ts';

catchesBreakages('mailchimp', mailchimpSubject);
